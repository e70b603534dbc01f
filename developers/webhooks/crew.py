"""Few threads work at a time, for Python runs one of them; whoever waits is replaced.

Threads that all want to run at once take longer over the same work than two of them. One that
waits for a server wants nothing: it leaves its place to another, and whatever else is to be done
is still with the crew, where nobody's waiting holds it up.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Generic, TypeVar

_T = TypeVar("_T")

# One that runs, and one that can when the system lets the first one wait.
PLACES = 2


class Crew(Generic[_T]):
    """`work` gets an item, and a function to call before it waits: once or more often.

    Calls `on_rest` whenever nothing is left to do and nobody works: they all wait, or are done.
    """

    def __init__(
        self,
        threads: Executor,
        work: Callable[[_T, Callable[[], None]], None],
        *,
        on_rest: Callable[[], None],
    ) -> None:
        self._threads, self._work, self._on_rest = threads, work, on_rest
        self._lock = threading.Lock()
        self._to_do: deque[_T] = deque()
        self._taken = 0

    def take_on(self, items: Iterable[_T]) -> None:
        """To be done in this order, by any thread."""
        with self._lock:
            self._to_do.extend(items)
        self._fill()

    def _fill(self) -> None:
        """Sends somebody to each place that is free, as long as there is work."""
        with self._lock:
            count = max(0, min(PLACES - self._taken, len(self._to_do)))
            self._taken += count
        for _ in range(count):
            self._threads.submit(self._serve)

    def _serve(self) -> None:
        """One thread's work, until nothing is left or others have its place."""
        while (place := self._next()) is not None:
            item, leave = place
            self._work(item, leave)
            if leave.is_over and not self._return():
                return

    def _next(self) -> "tuple[_T, _Leave] | None":
        with self._lock:
            if self._to_do:
                return self._to_do.popleft(), _Leave(self._left)
        self._left()
        return None

    def _left(self) -> None:
        with self._lock:
            self._taken -= 1
            rests = not self._taken and not self._to_do
        if rests:
            self._on_rest()
        self._fill()

    def _return(self) -> bool:
        """Whether there is a place for somebody whose waiting is over."""
        with self._lock:
            is_free = self._taken < PLACES
            self._taken += is_free
        return is_free


class _Leave:
    """Gives a place away, once."""

    def __init__(self, left: Callable[[], None]) -> None:
        self._left = left
        self.is_over = False

    def __call__(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._left()
