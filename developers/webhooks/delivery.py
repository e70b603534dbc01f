"""Sends what is due: claims rows, calls without a transaction, stores what came of it."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

from developers.models import Delivery
from developers.webhooks import claims, health, results, signing
from developers.webhooks.crew import Crew
from developers.webhooks.outbound import Answer, Door
from developers.webhooks.results import Try
from terra_portal import clock, tenancy
from terra_portal.network import refuse_in_transaction

logger = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")

# Requests to be made or under way in each lane. One of the quick lane that is not back soon counts
# no longer: it keeps its thread, of which there are many, and not the others' room.
QUICK = 256
SLOW = 16
THREADS = 512
SOON_SECONDS = 0.25
# Many rows cost as many statements as one: so many are claimed, and stored, at a time.
MANY = 128
# How long one run takes up new rows; the next sweep goes on. Slow requests of before may last
# longer, and while they do the quick lane stays open for a while.
RUN_SECONDS = 20.0
MORE_SECONDS = 30.0
# How soon a run that waits for slow servers looks for other rows.
LOOK_SECONDS = 0.25
# A worker that was stopped for a while sends nothing that may be somebody else's by the time
# that the answer comes.
MARGIN_SECONDS = 5.0
# How long a database that has gone is waited for, so that what is known is not forgotten.
PATIENCE = (0.0, 0.5, 2.0, 5.0)
ERASED = "the payload has been erased, so nothing was sent"


def deliver_due() -> int:
    """Sends what is due and returns how many attempts it made. Any number may run at once.

    Threads only talk to the network; rows are read and written here. Raises
    NetworkInTransactionError inside a transaction.
    """
    refuse_in_transaction()
    with (
        tenancy.system("deliveries that are due"),
        Door() as door,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        return Run(door, threads).until_nothing_is_due()


@dataclass(eq=False)
class Flight:
    """A request under way."""

    delivery: Delivery
    claimed_at: float
    slow: bool
    started_at: float | None = None
    is_marked: bool = False

    def lasts(self) -> float:
        """Seconds since its beginning; none where it still waits for a thread."""
        return 0.0 if self.started_at is None else time.monotonic() - self.started_at


class Run:
    def __init__(self, door: Door, threads: ThreadPoolExecutor) -> None:
        self._door = door
        self._ends_at = time.monotonic() + RUN_SECONDS
        self._flying: set[Flight] = set()
        self._landed: queue.SimpleQueue[tuple[Flight, Try | None]] = queue.SimpleQueue()
        # Many have, or those that have not are all waited for.
        self._worth_storing = threading.Event()
        self._crew = Crew(threads, self._fly, on_rest=self._worth_storing.set)
        self._looked_at = dict.fromkeys((False, True), 0.0)
        self._sent = 0

    def until_nothing_is_due(self) -> int:
        while True:
            taken = sum(self._take(slow=slow) for slow in (False, True))
            if not taken and not self._flying:
                return self._sent
            self._keep(self._wait())
            self._part_slow()

    def _take(self, *, slow: bool) -> int:
        """Claims what there is room for, and sends it."""
        room, since = self._room(slow=slow), time.monotonic()
        # A little room waits for more.
        is_early = self._flying and since - self._looked_at[slow] < LOOK_SECONDS
        if room <= 0 or (is_early and (slow or room < MANY)):
            return 0
        self._looked_at[slow] = since
        claimed = _patiently(claims.claim, room, slow=slow)
        flights = [Flight(one, since, slow) for one in claimed if self._is_to_go(one)]
        self._flying.update(flights)
        self._crew.take_on(flights)
        return len(claimed)

    def _is_to_go(self, delivery: Delivery) -> bool:
        if delivery.event.erased_at:
            _patiently(results.record, [_not_sent(delivery)])
            return False
        return _patiently(claims.may_send, delivery)

    def _room(self, *, slow: bool) -> int:
        over = time.monotonic() - self._ends_at
        if over >= (MORE_SECONDS if self._flying and not slow else 0):
            return 0
        in_slow = sum(flight.slow for flight in self._flying)
        if slow:
            return SLOW - in_slow
        in_quick = sum(not one.slow and one.lasts() < SOON_SECONDS for one in self._flying)
        return min(QUICK - in_quick, THREADS - SLOW - (len(self._flying) - in_slow))

    def _fly(self, flight: Flight, on_wait: Callable[[], None]) -> None:
        self._landed.put((flight, attempt(self._door, flight, on_wait=on_wait)))
        if self._landed.qsize() >= MANY:
            self._worth_storing.set()

    def _wait(self) -> list[Try]:
        """What has landed, if it comes soon."""
        if self._flying:
            self._worth_storing.wait(LOOK_SECONDS)
            self._worth_storing.clear()
        found: list[Try] = []
        with suppress(queue.Empty):
            while True:
                flight, made = self._landed.get_nowait()
                self._flying.discard(flight)
                found += [made] if made else []
        return found

    def _keep(self, made: list[Try]) -> None:
        if made:
            _patiently(health.note, _patiently(results.record, made))
            self._sent += len(made)

    def _part_slow(self) -> None:
        """Those that hang go by the slow lane from now on, while their first requests last."""
        hanging = [one for one in self._flying if _is_slow(one) and not one.is_marked]
        if hanging:
            _patiently(health.mark_slow, {one.delivery.destination_id for one in hanging})
        for one in hanging:
            one.is_marked = True


def _is_slow(flight: Flight) -> bool:
    return flight.slow or flight.lasts() >= health.SLOW_SECONDS


def attempt(
    door: Door, flight: Flight, *, on_wait: Callable[[], None] = lambda: None
) -> Try | None:
    """One request. A fault of ours counts as an attempt, so that it cannot be repeated for ever."""
    delivery, destination = flight.delivery, flight.delivery.destination
    started_at, started = clock.now(), time.monotonic()
    flight.started_at = started
    left = claims.CLAIM.total_seconds() - (started - flight.claimed_at)
    if left < destination.deadline_seconds + MARGIN_SECONDS:
        logger.warning("delivery %s waited too long in its worker; it is left", delivery.pk)
        return None
    failed = False
    try:
        body = delivery.event.body.encode()
        headers = signing.headers(delivery, body, at=started_at)
        answer = door.post(
            destination.url,
            body=body,
            headers=headers,
            deadline=destination.deadline_seconds,
            on_wait=on_wait,
        )
    except Exception as error:
        logger.exception("delivery %s could not be sent", delivery.pk)
        answer = Answer(error=f"the portal failed to send it: {type(error).__name__}")
        failed = True
    duration_ms = round((time.monotonic() - started) * 1000)
    return Try(delivery, answer, started_at, duration_ms, is_ours=failed)


def _not_sent(delivery: Delivery) -> Try:
    return Try(delivery, Answer(error=ERASED), clock.now(), 0, is_final=True, is_ours=True)


def _patiently(action: Callable[_P, _T], *args: _P.args, **more: _P.kwargs) -> _T:
    """Does it again on a new connection where the database broke off."""
    for pause in PATIENCE:
        try:
            return action(*args, **more)
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database broke off: %s", type(error).__name__)
            connection.close()
            time.sleep(pause)
    return action(*args, **more)
