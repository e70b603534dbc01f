"""The stretch of time that a page looks at, cut into buckets."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models.functions import TruncDay, TruncHour

from terra_portal import clock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# name in the address: (words, one bucket, how many)
CHOICES = {
    "24h": ("24 hours", HOUR, 24),
    "7d": ("7 days", DAY, 7),
    "30d": ("30 days", DAY, 30),
    "90d": ("90 days", DAY, 90),
}
USUAL = "30d"


@dataclass(frozen=True)
class Range:
    """`starts` are the beginnings of its buckets, oldest first; the last one holds the present."""

    name: str
    words: str
    step: timedelta
    starts: tuple[datetime, ...]

    @property
    def start(self) -> datetime:
        return self.starts[0]

    @property
    def before(self) -> "Range":
        """The same stretch, directly before."""
        shift = self.step * len(self.starts)
        return Range(self.name, self.words, self.step, tuple(at - shift for at in self.starts))

    @property
    def names(self) -> list[str]:
        if self.step == HOUR and len(self.starts) <= 24:
            return [f"{at:%H:%M}" for at in self.starts]
        if self.step == HOUR:
            return [f"{at.day} {at:%b %H:%M}" for at in self.starts]
        return self.days

    @property
    def days(self) -> list[str]:
        """The day of each bucket: what there is room for below a chart."""
        return [f"{at.day} {at:%b}" for at in self.starts]

    def trunc(self, field: str) -> TruncHour | TruncDay:
        """The expression that puts a row's time into its bucket."""
        return (TruncHour if self.step == HOUR else TruncDay)(field, tzinfo=UTC)


def read(name: str) -> Range:
    """The range of that name; the usual one for any other name."""
    name = name if name in CHOICES else USUAL
    return last(*CHOICES[name], name=name)


def last(words: str, step: timedelta, count: int, *, name: str = "") -> Range:
    """That many hours or days, the present one among them."""
    now = clock.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end = now if step == HOUR else now.replace(hour=0)
    return Range(name, words, step, tuple(end - step * back for back in range(count)[::-1]))
