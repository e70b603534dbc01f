"""Times in words that a person reads, beside the exact one."""

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

_STEPS = (
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=1), timedelta(hours=1), "hour"),
    (timedelta(days=7), timedelta(days=1), "day"),
)


def in_words(moment: datetime, now: datetime) -> str:
    """`3 minutes ago`, `in 2 days`; beyond a week the day itself, with its year if not this one."""
    distance = abs(now - moment)
    if distance < timedelta(minutes=1):
        return "just now" if moment <= now else "in a moment"
    for limit, unit, name in _STEPS:
        if distance < limit:
            count = distance // unit
            words = f"{count} {name}" if count == 1 else f"{count} {name}s"
            return f"{words} ago" if moment <= now else f"in {words}"
    local = timezone.localtime(moment)
    return date_format(local, "j M" if local.year == timezone.localtime(now).year else "j M Y")


def exact(moment: datetime) -> str:
    """`Tuesday 24 November 2026, 10:31:07 UTC`, in the active time zone."""
    return date_format(timezone.localtime(moment), "l j F Y, H:i:s e")
