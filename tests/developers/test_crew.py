"""Few threads at a time, and nobody's waiting holds up what others could do."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from developers.webhooks.crew import PLACES, Crew

SECONDS = 10


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


class Log:
    """What was done, and how many were at work at most."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.most = self._now = 0
        self._lock = threading.Lock()
        self.released, self.rested = threading.Event(), threading.Event()

    def do(self, number: int, on_wait: Callable[[], None]) -> None:
        """Those below zero wait until they are let go."""
        self._count(1)
        if number < 0:
            self._count(-1)
            on_wait()
            on_wait()
            assert self.released.wait(SECONDS)
            self._count(1)
        with self._lock:
            self.done.append(number)
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._now += change
            self.most = max(self.most, self._now)


def crew_of(threads: ThreadPoolExecutor, log: Log) -> Crew[int]:
    return Crew(threads, log.do, on_rest=log.rested.set)


def test_everything_is_done_once_by_few_at_a_time(threads: ThreadPoolExecutor) -> None:
    log = Log()
    crew = crew_of(threads, log)
    crew.take_on(range(500))
    assert log.rested.wait(SECONDS)
    threads.shutdown()
    assert sorted(log.done) == list(range(500))
    assert log.most <= PLACES


def test_those_that_wait_hold_up_nobody(threads: ThreadPoolExecutor) -> None:
    """Many more than there are places, all of them before the others."""
    log = Log()
    crew = crew_of(threads, log)
    crew.take_on([*range(-20, 0), *range(50)])
    assert log.rested.wait(SECONDS)
    assert sorted(log.done) == list(range(50))
    log.released.set()
    threads.shutdown()
    assert sorted(log.done) == list(range(-20, 50))


def test_what_comes_while_some_wait_is_done_as_well(threads: ThreadPoolExecutor) -> None:
    log = Log()
    crew = crew_of(threads, log)
    crew.take_on([-1, -2, -3])
    assert log.rested.wait(SECONDS)
    log.rested.clear()
    crew.take_on([1, 2, 3])
    assert log.rested.wait(SECONDS)
    assert sorted(log.done) == [1, 2, 3]
    log.released.set()
    threads.shutdown()
    assert sorted(log.done) == [-3, -2, -1, 1, 2, 3]
