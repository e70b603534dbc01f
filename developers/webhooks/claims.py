"""Deliveries as a queue: a row belongs to whoever moved its time, until that time has come.

A worker that dies leaves rows whose claim ends by itself. Every result is stored by
compare-and-set on the claim, so that a worker that was too slow changes nothing.
"""

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction

from developers.models import Delivery, Destination
from developers.states import DeliveryState, DestinationState
from developers.webhooks import turns
from developers.webhooks.turns import AT_ONCE, CLAIMABLE
from terra_portal import clock

__all__ = ["AT_ONCE", "CLAIM", "CLAIMABLE", "claim", "may_send", "mend", "release"]

# Much longer than an attempt may last, which begins as soon as its row is claimed.
CLAIM = timedelta(seconds=60)
# What a request, and what follows from its outcome, needs to know.
_NEEDED = (
    *("claim", "event__body", "event__terra_reference", "event__occurred_at"),
    *("event__erased_at", "event__is_example", "environment__dev_id"),
    *(f"destination__{name}" for name in ("url", "headers", "deadline_seconds")),
    *(f"destination__{name}" for name in ("signing_secret", "previous_secret")),
    *(f"destination__{name}" for name in ("previous_secret_until", "state", "removed_at")),
    *(f"destination__{name}" for name in ("failing_since", "last_success_at", "slow_until")),
)
# No wait is longer: the last pause with its jitter.
LONGEST_WAIT = timedelta(hours=27)


def claim(most: int, *, slow: bool = False) -> list[Delivery]:
    """Up to `most` due rows, now this caller's for CLAIM, with all that a request needs loaded.

    They are of the quick lane or of the slow one. They are read again after the commit: whoever
    sends one at once sends it as it stands.
    """
    now, token = clock.now(), uuid.uuid4()
    if not Delivery.objects.filter(state__in=CLAIMABLE, due_at__lte=now).exists():
        return []
    with transaction.atomic():
        taken = turns.take(most, slow=slow, claim=token, now=now, until=now + CLAIM)
    if not taken:
        return []
    claimed = Delivery.objects.filter(pk__in=taken, claim=token, state=DeliveryState.CLAIMED)
    loaded = claimed.select_related("event", "destination", "environment").only(*_NEEDED)
    return list(loaded.order_by("created_at", "pk"))


def may_send(delivery: Delivery) -> bool:
    """Whether its destination still receives; if not, the row is held or given up."""
    destination = delivery.destination
    if destination.removed_at is None and destination.state == DestinationState.ENABLED:
        return True
    with transaction.atomic():
        # The lock against enable(): a row held after it would be held for good.
        locked = Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)
        now = clock.now()
        if locked.removed_at:
            release(delivery, state=DeliveryState.EXHAUSTED, finished_at=now)
        elif locked.state == DestinationState.ENABLED:
            release(delivery, state=DeliveryState.DUE, due_at=now)
        else:
            release(delivery, state=DeliveryState.HELD, due_at=now)
    return False


def release(delivery: Delivery, **changes: Any) -> bool:
    """Compare-and-set: whether the row was still this claim's, and has changed."""
    mine = Delivery.objects.filter(
        pk=delivery.pk, claim=delivery.claim, state=DeliveryState.CLAIMED
    )
    return bool(mine.update(claim=None, **changes))


def mend() -> int:
    """Brings back rows that wait for a time which no rule gave them: the clock was set back.

    A claim is let run out once more, by this clock, since its request may be under way.
    """
    now = clock.now()
    ahead = Delivery.objects.filter(state__in=CLAIMABLE, due_at__gt=now)
    claimed = ahead.filter(state=DeliveryState.CLAIMED, due_at__gt=now + CLAIM)
    new = ahead.filter(state=DeliveryState.DUE, round_count=0)
    again = ahead.filter(state=DeliveryState.DUE, due_at__gt=now + LONGEST_WAIT)
    return (
        claimed.update(due_at=now + CLAIM)
        + new.update(due_at=now)
        + again.update(due_at=now + LONGEST_WAIT)
    )
