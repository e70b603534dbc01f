"""The hands of the clock: time passes when a step says so, and when somebody waits."""

import time
from contextlib import ExitStack
from datetime import timedelta

from terra_portal import clock


class Hands:
    """Moves the portal's clock forward, and the provider's with it.

    It also stands for the module `time` where callers wait for somebody else's lease: nobody else
    runs meanwhile, so their waiting is what moves the clock.
    """

    SECONDS_PER_WAIT = 1.0

    def __init__(self) -> None:
        self._moves = ExitStack()
        self._waited = 0.0
        self.moved = timedelta(0)

    def move(self, by: timedelta) -> None:
        self._moves.enter_context(clock.shifted(by))
        self.moved += by

    def back(self) -> None:
        """It is now again."""
        self._moves.close()
        self.moved = timedelta(0)

    def monotonic(self) -> float:
        return time.monotonic() + self._waited

    def sleep(self, seconds: float) -> None:
        self._waited += self.SECONDS_PER_WAIT
        self.move(timedelta(seconds=self.SECONDS_PER_WAIT))
