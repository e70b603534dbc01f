"""Work across the network, a few rows at a time, so that one slow provider holds nobody up."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from django.db import connections as databases

from terra_portal.network import refuse_in_transaction

logger = logging.getLogger(__name__)

T = TypeVar("T")
HANDS = 6
# So many of them serve one application at most.
EACH = 3
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Job:
    client_id: UUID
    row_id: UUID


class Queue(Protocol):
    def claim(self, room: int, engaged: Counter[UUID]) -> list[Job]:
        """Up to `room` jobs that are now nobody else's; `engaged` counts those under way."""

    def patience(self) -> float:
        """Seconds after which to ask again, where nothing is under way; 0 when all is done."""


def never() -> bool:
    return False


def work_off(
    queue: Queue, act: Callable[[UUID], T], *, stop: Callable[[], bool] = never
) -> Iterator[T]:
    """Does each job and yields what came of it. None is begun once `stop` says so.

    A fault of one keeps no other from its turn: it is logged, and the first is raised at the end.
    Raises NetworkInTransactionError inside a transaction.
    """
    refuse_in_transaction()
    engaged: Counter[UUID] = Counter()
    flying: dict[Future[T], Job] = {}
    faults: list[BaseException] = []
    with ThreadPoolExecutor(HANDS, thread_name_prefix="hand") as hands:
        while True:
            room = 0 if stop() else HANDS - len(flying)
            jobs = queue.claim(room, engaged) if room else []
            for job in jobs:
                engaged[job.client_id] += 1
                flying[hands.submit(_do, act, job.row_id)] = job
            if not flying:
                patience = 0 if stop() else queue.patience()
                if not patience:
                    break
                time.sleep(min(patience, LOOK_SECONDS))
                continue
            done, _ = wait(flying, None if len(flying) == HANDS else LOOK_SECONDS, FIRST_COMPLETED)
            for future in done:
                job = flying.pop(future)
                engaged[job.client_id] -= 1
                fault = future.exception()
                if fault is None:
                    yield future.result()
                else:
                    logger.error("row %s failed", job.row_id, exc_info=fault)
                    faults.append(fault)
    if faults:
        raise faults[0]


def _do(act: Callable[[UUID], T], row_id: UUID) -> T:
    try:
        return act(row_id)
    finally:
        # A thread has connections of its own, and nobody else who would close them.
        databases.close_all()
