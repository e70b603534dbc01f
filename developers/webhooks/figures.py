"""How sending goes over time: the share of attempts that arrive, and how long they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from developers.models import (
    Attempt,
    Delivery,
    Destination,
    Environment,
    Event,
)
from terra_portal import charts, ranges
from terra_portal.ranges import Range

# However busy it is, no more of the newest are looked at; `Figures.newest` then says how many.
MOST = 20_000
# An attempt may be so much later than its event.
SCHEDULE = timedelta(days=4)
RANGES = {7: ("7 days", ranges.HOUR, 7 * 24), 30: ("30 days", ranges.DAY, 30)}
USUAL = 7


ARRIVED = Q(status_code__gte=200, status_code__lt=300)


class Row(NamedTuple):
    made: int
    arrived: int
    duration_ms: int


@dataclass(frozen=True)
class Slice:
    """Attempts of one hour or day; times in milliseconds."""

    made: int
    arrived: int
    median: int
    slow: int

    @property
    def rate(self) -> float:
        """Percent that arrived, never rounded up to all."""
        return int(1000 * self.arrived / self.made) / 10


@dataclass(frozen=True)
class Figures:
    """`whole` is None where no attempt was made; `newest` is 0 where every one is counted."""

    within: Range
    slices: dict[datetime, Slice]
    whole: Slice | None
    newest: int

    @property
    def rate_plot(self) -> charts.Plot:
        rates = [part.rate if (part := self.slices.get(at)) else None for at in self.within.starts]
        said = f": {self.whole.rate:g}% in all" if self.whole else ""
        label = f"Attempts that arrived over the last {self.within.words}{said}"
        row = charts.Series("Arrived", rates)
        return charts.lines(
            label, self.within.names, [row], unit="%", top=100, marks=self.within.days
        )

    @property
    def time_plot(self) -> charts.Plot:
        parts = [self.slices.get(at) for at in self.within.starts]
        medians = [part.median if part else None for part in parts]
        slow = [part.slow if part else None for part in parts]
        label = f"Time until the answer over the last {self.within.words}"
        rows = [charts.Series("Median", medians), charts.Series("95th percentile", slow, 3)]
        return charts.lines(label, self.within.names, rows, unit=" ms", marks=self.within.days)


def of(about: Environment | Destination, days: int = USUAL) -> Figures:
    """The attempts of the last 7 days by the hour, or of the last 30 by the day.

    Three queries; the newest MOST events or deliveries at most are read, by their index.
    """
    words, step, count = RANGES[days]
    within = ranges.last(words, step, count)
    newest = _newest(about, within.start - SCHEDULE)
    made = _attempts(about, newest).filter(started_at__gte=within.start)
    slices = _slices(made, within)
    return Figures(within, slices, _whole(made), _cut(newest))


def _newest(about: Environment | Destination, since: datetime) -> QuerySet[Any]:
    """The environment's events, or the deliveries to the destination."""
    if isinstance(about, Environment):
        events = Event.objects.for_environment(about).filter(occurred_at__gte=since)
        return events.order_by("-occurred_at", "-pk")
    deliveries = Delivery.objects.filter(destination=about, created_at__gte=since)
    return deliveries.order_by("-created_at", "-pk")


def _attempts(about: Environment | Destination, newest: QuerySet[Any]) -> QuerySet[Attempt]:
    ids = newest.values("pk")[:MOST]
    if isinstance(about, Environment):
        return Attempt.objects.filter(delivery__event__in=ids)
    return Attempt.objects.filter(delivery__in=ids)


def _cut(newest: QuerySet[Any]) -> int:
    return MOST if newest.values("pk")[MOST : MOST + 1] else 0


def _slices(made: QuerySet[Attempt], within: Range) -> dict[datetime, Slice]:
    slots = made.annotate(slot=within.trunc("started_at"))
    parts: dict[datetime, list[Row]] = {}
    for at, *row in _standing(slots, "slot").values_list("slot", *Row._fields):
        parts.setdefault(at, []).append(Row(*row))
    return {at: _slice(rows) for at, rows in parts.items()}


def _whole(made: QuerySet[Attempt]) -> Slice | None:
    rows = [Row(*row) for row in _standing(made, None).values_list(*Row._fields)]
    return _slice(rows) if rows else None


def _standing(made: QuerySet[Attempt], by: str | None) -> QuerySet[Attempt]:
    """Of every part only the two attempts that stand at its median and at its 95th percentile."""
    ranked = made.annotate(
        place=Window(RowNumber(), partition_by=by, order_by=["duration_ms", "pk"]),
        made=Window(Count("pk"), partition_by=by),
        arrived=Window(Count("pk", filter=ARRIVED), partition_by=by),
    )
    median, slow = (F("made") + 1) / 2, (F("made") * 95 + 99) / 100
    return ranked.filter(Q(place=median) | Q(place=slow)).order_by("place")


def _slice(rows: Sequence[Row]) -> Slice:
    return Slice(rows[0].made, rows[0].arrived, rows[0].duration_ms, rows[-1].duration_ms)
