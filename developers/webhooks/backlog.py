"""How the sending of webhooks stands, for the platform's staff: in the admin and in the log.

It costs the same however many deliveries there have been: each part is read off an index, and
counted up to a limit.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from developers.models import Delivery, Destination
from developers.states import DeliveryState, DestinationState
from developers.webhooks.claims import CLAIMABLE
from terra_portal import clock, tenancy

logger = logging.getLogger(__name__)

# Nobody needs to know more exactly how bad it is.
MOST = 10_000
SHOWN = 10
# How late the oldest delivery may be before it is a warning.
LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Behind:
    """A destination with deliveries whose turn has come."""

    destination: Destination
    due: int
    oldest_at: datetime


@dataclass(frozen=True)
class Backlog:
    """Counts end at MOST; `behind` counts among the MOST that have been due for longest."""

    at: datetime
    due: int
    held: int
    disabled: int
    oldest_at: datetime | None
    behind: Sequence[Behind]
    latest_disabled: Sequence[Destination]

    @property
    def lateness(self) -> timedelta:
        """For how long the oldest due delivery has been due."""
        return self.at - self.oldest_at if self.oldest_at else timedelta()

    @property
    def is_late(self) -> bool:
        return self.lateness > LATE


def read() -> Backlog:
    """What is due, held and disabled at this moment, in all environments."""
    with tenancy.system("how the sending of webhooks stands"):
        now = clock.now()
        waiting = list(due(now).values_list("destination_id", "due_at")[:MOST])
        return Backlog(
            at=now,
            due=len(waiting),
            held=held()[:MOST].count(),
            disabled=disabled()[:MOST].count(),
            oldest_at=waiting[0][1] if waiting else None,
            behind=_behind(waiting),
            latest_disabled=list(disabled().select_related("environment")[:SHOWN]),
        )


def report() -> None:
    """One line in the log; a warning where the oldest due delivery is late."""
    found = read()
    logger.log(
        logging.WARNING if found.is_late else logging.INFO,
        "webhooks due=%d held=%d oldest_due_seconds=%d disabled_destinations=%d behind=%s",
        found.due,
        found.held,
        found.lateness.total_seconds(),
        found.disabled,
        # Ids, for an address may hold a secret of the company's.
        ",".join(f"{row.destination.pk}:{row.due}" for row in found.behind[:3]) or "-",
    )


def due(now: datetime) -> QuerySet[Delivery]:
    """Those whose turn has come, or whose claim is over without a result; longest due first."""
    return Delivery.objects.filter(state__in=CLAIMABLE, due_at__lte=now).order_by("due_at")


def held() -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=DeliveryState.HELD).order_by()


def disabled() -> QuerySet[Destination]:
    """By the portal, not by a member; the last first."""
    found = Destination.objects.filter(state=DestinationState.DISABLED, removed_at=None)
    return found.order_by("-stopped_at")


def _behind(waiting: Sequence[tuple[UUID, datetime]]) -> list[Behind]:
    counted = Counter(destination_id for destination_id, _ in waiting)
    oldest = dict(reversed(waiting))
    worst = dict(counted.most_common(SHOWN))
    rows = Destination.objects.filter(pk__in=worst).select_related("environment")
    behind = [Behind(row, worst[row.pk], oldest[row.pk]) for row in rows]
    return sorted(behind, key=lambda row: (-row.due, row.oldest_at))
