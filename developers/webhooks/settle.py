"""What waits for a destination follows its state: due, held or given up, batch after batch.

A switch moves the first batch itself and marks the destination until the last row stands as it
should; the rest is done in the background. Nothing goes wrong meanwhile: what is due at one that
is stopped is held by whoever claims it, without an attempt, and what is held at one that is
enabled goes out a little later. Every batch looks at the state anew, under the destination's
lock, so that a switch in between turns the work round instead of crossing it.
"""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Least

from developers.models import Delivery, Destination
from developers.states import DeliveryState, DestinationState
from terra_portal import clock, tenancy
from terra_portal.celery import nudge

# A matter of some tens of milliseconds: for no longer does anybody wait for the destination.
BATCH = 1000
# How long one run goes on; whoever wakes up next continues.
RUN_SECONDS = 20.0
# A run that has died is continued by the sweep after this time.
LEASE = timedelta(seconds=60)
# What somebody else holds at this moment is looked at again so much later.
PAUSE = timedelta(seconds=5)


def begin(destination: Destination) -> None:
    """In the transaction that has locked and switched it."""
    _step(destination)
    if destination.settle_due_at:
        nudge("developers.settle_destination", str(destination.pk))


def carry_on(destination_id: UUID) -> None:
    """Batch after batch, each its own transaction. May run twice, also at the same time."""
    until = time.monotonic() + RUN_SECONDS
    with tenancy.system("what waits for a destination that was switched"):
        while _batch(destination_id):
            if time.monotonic() >= until:
                with transaction.atomic():
                    nudge("developers.settle_destination", str(destination_id))
                return


def sweep() -> None:
    """Continues what a lost nudge or a killed worker left behind, or a clock that was set back."""
    now = clock.now()
    overdue = Q(settle_due_at__lte=now) | Q(settle_due_at__gt=now + LEASE)
    with tenancy.system("destinations that nobody settles"):
        due = Destination.objects.filter(overdue).order_by("settle_due_at")
        for destination_id in list(due.values_list("pk", flat=True)[:100]):
            carry_on(destination_id)


def _batch(destination_id: UUID) -> bool:
    """Whether there may be more to do at once."""
    with transaction.atomic():
        locked = Destination.objects.select_for_update(no_key=True).get(pk=destination_id)
        return locked.settle_due_at is not None and _step(locked)


def _step(destination: Destination) -> bool:
    """Moves up to BATCH rows; whether it moved any and some are left."""
    waiting, changes = _wanted(destination)
    # Rows that somebody else holds are not waited for; they are left for a later look.
    free = waiting.select_for_update(no_key=True, skip_locked=True).values_list("pk", flat=True)
    moved = Delivery.objects.filter(pk__in=list(free[:BATCH])).update(**changes)
    left = waiting.exists()
    before, now = destination.settle_due_at, clock.now()
    destination.settle_due_at = now + (LEASE if moved else PAUSE) if left else None
    if before or left:
        destination.save(update_fields=["settle_due_at"])
    if moved and destination.state == DestinationState.ENABLED:
        nudge("developers.deliver_due")
    return left and moved > 0


def _wanted(destination: Destination) -> tuple[QuerySet[Delivery], dict[str, Any]]:
    """The rows that do not stand as its state says, and how they would."""
    now, rows = clock.now(), Delivery.objects.filter(destination=destination)
    if destination.removed_at:
        waiting = rows.filter(state__in=[DeliveryState.DUE, DeliveryState.HELD])
        return waiting, {"state": DeliveryState.EXHAUSTED, "finished_at": now}
    if destination.state == DestinationState.ENABLED:
        # Unordered, or each batch would sort them all; by the time when they are due the oldest
        # keep their place in the line. A retry's wait is over.
        held = rows.filter(state=DeliveryState.HELD)
        return held, {"state": DeliveryState.DUE, "due_at": Least("due_at", now)}
    return rows.filter(state=DeliveryState.DUE), {"state": DeliveryState.HELD}
