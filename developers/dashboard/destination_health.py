"""How destinations fare, at a glance."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from developers.models import Delivery, Destination
from developers.states import DeliveryState, DestinationState, StoppedBecause
from terra_portal import clock

RECENT = timedelta(days=7)
FINISHED = (DeliveryState.DELIVERED, DeliveryState.EXHAUSTED)
PENDING = (DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.HELD)
# Why it does not receive, as somebody says it who is asked.
STOPPED = {
    StoppedBecause.PAUSED: "paused by a member",
    StoppedBecause.GONE: "it answered 410 Gone",
    StoppedBecause.FAILING: "nothing but failures for five days",
}


@dataclass(frozen=True)
class Health:
    """`tried` and `arrived` count deliveries that began in the last seven days."""

    state: str
    because: str
    arrived: int
    given_up: int
    retrying: int
    waiting: int

    @property
    def tried(self) -> int:
        return self.arrived + self.given_up + self.retrying

    @property
    def rate(self) -> str:
        """The share that arrived, never rounded up to all of them."""
        return f"{100 * self.arrived // self.tried} %" if self.tried else "–"


def of(rows: Sequence[Destination]) -> dict[UUID, Health]:
    """Of each of these, in two queries for all of them."""
    listed = [row.pk for row in rows]
    since = clock.now() - RECENT
    finished, pending = _finished(listed, since), _pending(listed, since)
    return {row.pk: _health(row, finished[row.pk], *pending[row.pk]) for row in rows}


def _health(row: Destination, finished: Counter[str], waiting: int, retrying: int) -> Health:
    failing = row.state == DestinationState.ENABLED and row.failing_since is not None
    return Health(
        state="failing" if failing else row.state,
        because=STOPPED[StoppedBecause(row.stopped_because)] if row.stopped_because else "",
        arrived=finished[DeliveryState.DELIVERED],
        given_up=finished[DeliveryState.EXHAUSTED],
        retrying=retrying,
        waiting=waiting,
    )


def _finished(listed: list[UUID], since: datetime) -> defaultdict[UUID, Counter[str]]:
    """How many ended in which state; read off the index `delivery_by_state`."""
    rows = Delivery.objects.filter(
        destination__in=listed, state__in=FINISHED, created_at__gte=since
    )
    found: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    counted = rows.order_by().values_list("destination_id", "state").annotate(count=Count("pk"))
    for destination_id, state, count in counted:
        found[destination_id][state] = count
    return found


def _pending(listed: list[UUID], since: datetime) -> defaultdict[UUID, tuple[int, int]]:
    """How many wait, and how many of the recent ones have failed at least once."""
    retrying = Count("pk", filter=Q(round_count__gt=0, created_at__gte=since))
    rows = Delivery.objects.filter(destination__in=listed, state__in=PENDING)
    counted = (
        rows.order_by()
        .values_list("destination_id")
        .annotate(waiting=Count("pk"), retrying=retrying)
    )
    found: defaultdict[UUID, tuple[int, int]] = defaultdict(lambda: (0, 0))
    found.update({destination_id: (waiting, tried) for destination_id, waiting, tried in counted})
    return found
