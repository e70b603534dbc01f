"""Sends what is due: claims rows, calls without a transaction, stores what came of it."""

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from developers.models import Delivery
from developers.webhooks import claims, outbound, signing
from developers.webhooks.outbound import Answer
from terra_portal import clock, tenancy
from terra_portal.network import refuse_in_transaction

logger = logging.getLogger(__name__)

THREADS = 12
# How long one run takes up new rows; the next sweep goes on.
RUN_SECONDS = 20.0
# How soon a run that waits for slow servers looks for other rows.
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Try:
    answer: Answer
    started_at: datetime
    duration_ms: int


def deliver_due() -> int:
    """Sends what is due and returns how many attempts it made. Any number may run at once.

    Threads only talk to the network; rows are read and written here. A slow server occupies few
    of them, and what becomes due meanwhile is taken up. Raises NetworkInTransactionError inside
    a transaction.
    """
    refuse_in_transaction()
    with tenancy.system("deliveries that are due"), ThreadPoolExecutor(THREADS) as threads:
        return _run(threads, until=time.monotonic() + RUN_SECONDS)


def _run(threads: ThreadPoolExecutor, *, until: float) -> int:
    sent = 0
    flying: dict[Future[Try], Delivery] = {}
    while True:
        room = THREADS - len(flying) if time.monotonic() < until else 0
        claimed = claims.claim(room) if room else []
        for delivery in claimed:
            if claims.may_send(delivery):
                flying[threads.submit(_attempt, delivery)] = delivery
        if not claimed and not flying:
            return sent
        patience = 0 if claimed else LOOK_SECONDS
        done, _ = wait(flying, timeout=patience, return_when=FIRST_COMPLETED)
        for future in done:
            _keep(flying.pop(future), future.result())
        sent += len(done)


def _attempt(delivery: Delivery) -> Try:
    """One request. A fault of ours counts as an attempt, so that it cannot be repeated for ever."""
    started_at, started = clock.now(), time.monotonic()
    try:
        body = delivery.event.body.encode()
        headers = signing.headers(delivery, body, at=started_at)
        answer = outbound.post(delivery.destination.url, body=body, headers=headers)
    except Exception as error:
        logger.exception("delivery %s could not be sent", delivery.pk)
        answer = Answer(error=f"the portal failed to send it: {type(error).__name__}")
    return Try(answer, started_at, round((time.monotonic() - started) * 1000))


def _keep(delivery: Delivery, made: Try) -> None:
    claims.record(delivery, made.answer, started_at=made.started_at, duration_ms=made.duration_ms)
