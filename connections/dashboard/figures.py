"""Numbers of one environment. Each is one query, bounded by an index and by the range."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q

from connections.dashboard.causes import OTHERWISE, TONES, cause
from connections.models import ConnectAttempt, Connection, ConnectSession, Revocation
from connections.states import End
from developers.models import Delivery, Destination, Environment
from developers.states import DeliveryState
from terra_portal import charts
from terra_portal.ranges import Range


@dataclass(frozen=True)
class Living:
    """The active users of this moment, counted once for every page part that needs them."""

    by_provider: Counter[str]
    by_attention: Counter[str]

    @property
    def total(self) -> int:
        return self.by_provider.total()


def living(environment: Environment) -> Living:
    counts = (
        Connection.objects.for_environment(environment)
        .active()
        .values_list("provider", "attention")
        .annotate(n=Count("id"))
    )
    by_provider, by_attention = Counter[str](), Counter[str]()
    for provider, attention, count in counts:
        by_provider[provider] += count
        if attention:
            by_attention[attention] += count
    return Living(by_provider, by_attention)


def begun(environment: Environment, within: Range) -> Counter[datetime]:
    """Connections made, by bucket, in the range and in the one before it."""
    counts = (
        Connection.objects.for_environment(environment)
        .filter(created_at__gte=within.before.start)
        .annotate(bucket=within.trunc("created_at"))
        .values_list("bucket")
        .annotate(n=Count("id"))
    )
    return Counter(dict(counts))


@dataclass(frozen=True)
class Ends:
    """Connections that ended, from the log."""

    by_bucket: Counter[datetime]
    by_cause: dict[str, Counter[datetime]]
    revoked: int
    within: Range

    @property
    def total(self) -> int:
        return sum(self.by_bucket[at] for at in self.within.starts)

    @property
    def plot(self) -> charts.Plot:
        """Stacked bars; what is too rare for a colour of its own shares the quiet one."""
        series = []
        for name, tone in TONES.items():
            counted = self.by_cause.get(name, Counter())
            series.append(charts.Series(name, [counted[at] for at in self.within.starts], tone))
        other = self.by_cause.get(OTHERWISE, Counter())
        if other.total():
            series.append(charts.Series(OTHERWISE, [other[at] for at in self.within.starts], 5))
        label = f"Connections ended in the last {self.within.words}, by cause: {self.total} in all"
        return charts.stack(label, self.within.names, series)


def ends(environment: Environment, within: Range) -> Ends:
    """Of the range and of the one before it, which only `by_bucket` counts."""
    counts = (
        Revocation.objects.for_environment(environment)
        .filter(recorded_at__gte=within.before.start)
        .annotate(bucket=within.trunc("recorded_at"))
        .values_list("bucket", "kind", "door")
        .annotate(n=Count("id"))
    )
    found = Ends(Counter(), {}, 0, within)
    revoked = 0
    for bucket, kind, door, count in counts:
        found.by_bucket[bucket] += count
        if bucket >= within.start:
            found.by_cause.setdefault(cause(kind, door), Counter())[bucket] += count
            revoked += count if kind == End.REVOKED else 0
    return Ends(found.by_bucket, found.by_cause, revoked, within)


def over_time(total: int, begun: Counter[datetime], ends: Ends) -> tuple[list[int], list[int]]:
    """Active users at the end of each bucket, and of each bucket of the range before.

    Counted backwards from the present: who came later was not there yet, who left since was.
    """
    within = ends.within
    values: list[int] = []
    for at in reversed(within.before.starts + within.starts):
        values.append(total)
        total += ends.by_bucket[at] - begun[at]
    values = [max(value, 0) for value in reversed(values)]
    return values[len(within.starts) :], values[: len(within.starts)]


@dataclass(frozen=True)
class Journey:
    """How far the links that were made in the range have come."""

    made: int
    opened: int
    chose: int
    authorised: int
    connected: int


def journey(environment: Environment, within: Range) -> Journey:
    attempts = ConnectAttempt.objects.filter(session=OuterRef("pk"))
    return Journey(
        **ConnectSession.objects.for_environment(environment)
        .filter(created_at__gte=within.start)
        .annotate(
            has_chosen=Exists(attempts),
            has_authorised=Exists(attempts.filter(exchanged_at__isnull=False)),
        )
        .aggregate(
            made=Count("id"),
            opened=Count("id", filter=Q(opened_at__isnull=False)),
            chose=Count("id", filter=Q(has_chosen=True)),
            authorised=Count("id", filter=Q(has_authorised=True)),
            connected=Count("id", filter=Q(connected_at__isnull=False)),
        )
    )


@dataclass(frozen=True)
class Told:
    """Deliveries of the range, by how they stand."""

    delivered: int
    given_up: int
    waiting: int

    @property
    def total(self) -> int:
        return self.delivered + self.given_up + self.waiting


def told(environment: Environment, within: Range) -> Told:
    counts = dict(
        Delivery.objects.for_environment(environment)
        .filter(
            destination__in=Destination.objects.for_environment(environment),
            created_at__gte=within.start,
        )
        .values_list("state")
        .annotate(n=Count("id"))
    )
    delivered = counts.pop(DeliveryState.DELIVERED, 0)
    given_up = counts.pop(DeliveryState.EXHAUSTED, 0)
    return Told(delivered, given_up, sum(counts.values()))
