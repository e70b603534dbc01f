"""What chance and the machine would decide, in our hands: the clock, the ids, the dice.

So that a walk that has failed can be walked again, and fails again.
"""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

TICK = timedelta(milliseconds=1)
WAIT = timedelta(seconds=1)


class Hands:
    """The portal's clock: it ticks when it is read, and moves when a step says so.

    It stands for `django.utils.timezone` in the portal's clock, and for the module `time` where
    callers wait for somebody else's lease: nobody else runs, so their waiting moves it as well.
    """

    _now: datetime

    def move(self, by: timedelta) -> None:
        self._now += by

    def now(self) -> datetime:
        self._now += TICK
        return self._now

    def monotonic(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.move(WAIT)

    @contextmanager
    def at_work(self, patch: Any) -> Iterator[None]:
        self._now = timezone.now()
        with patch.context() as patched:
            patched.setattr("terra_portal.clock.timezone", self)
            patched.setattr("connections.schedule._chance", random.Random(0))
            patched.setattr("uuid.os", _Counting)
            yield


class _Counting:
    """Stands for `os` where UUIDs are drawn: their order is that of their making."""

    _numbers = itertools.count(1)

    @classmethod
    def urandom(cls, size: int) -> bytes:
        number = next(cls._numbers).to_bytes(6, "big")
        return number + random.SystemRandom().randbytes(size - len(number))
