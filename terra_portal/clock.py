"""The one clock of the portal, so that a test can move time for all of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.utils import timezone

_shift = timedelta(0)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return timezone.now() + _shift


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Every clock reading inside is moved `by`; for tests, seen by all threads."""
    global _shift
    before = _shift
    _shift = before + by
    try:
        yield
    finally:
        _shift = before
