"""Deliveries as a queue: a row belongs to whoever moved its time, until that time has come.

A worker that dies leaves rows whose claim ends by itself. Every result is stored by
compare-and-set on the claim, so that a worker that was too slow changes nothing.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count

from developers.models import Attempt, Delivery, Destination
from developers.states import DeliveryState, DestinationState
from developers.webhooks.outbound import Answer
from terra_portal import clock

logger = logging.getLogger(__name__)

# Much longer than an attempt may last, which begins as soon as its row is claimed.
CLAIM = timedelta(seconds=60)
# How many requests one destination gets at a time, from all workers together: a slow one then
# leaves room for the others.
AT_ONCE = 4
LOOK_AHEAD = 200
CLAIMABLE = (DeliveryState.DUE, DeliveryState.CLAIMED)
# The pauses between the attempts; after the last of them follows the last attempt.
RETRY_AFTER = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)


def claim(most: int) -> list[Delivery]:
    """Up to `most` due rows, now this caller's for CLAIM, with all that a request needs loaded.

    They are read again after the commit: whoever sends one at once sends it as it stands.
    """
    now, token = clock.now(), uuid.uuid4()
    due = Delivery.objects.filter(state__in=CLAIMABLE, due_at__lte=now)
    if not due.exists():
        return []
    with transaction.atomic():
        working = _working(now)
        full = [destination for destination, count in working.items() if count >= AT_ONCE]
        rows = due.exclude(destination__in=full).select_for_update(skip_locked=True)
        waiting = rows.order_by("due_at").values_list("pk", "destination_id")[:LOOK_AHEAD]
        taken = _fairly(waiting, working)[:most]
        due.filter(pk__in=taken).update(
            state=DeliveryState.CLAIMED, claim=token, due_at=now + CLAIM
        )
    claimed = Delivery.objects.filter(claim=token, state=DeliveryState.CLAIMED)
    loaded = claimed.select_related("event", "destination", "environment")
    return list(loaded.order_by("created_at", "pk"))


def _working(now: datetime) -> Counter[UUID]:
    """How many rows of each destination somebody is sending."""
    live = Delivery.objects.filter(state=DeliveryState.CLAIMED, due_at__gt=now)
    counted = live.values_list("destination_id").annotate(Count("pk")).order_by()
    return Counter(dict(counted))


def _fairly(waiting: Iterable[tuple[UUID, UUID]], working: Counter[UUID]) -> list[UUID]:
    taken = []
    for delivery_id, destination_id in waiting:
        if working[destination_id] < AT_ONCE:
            working[destination_id] += 1
            taken.append(delivery_id)
    return taken


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


def record(delivery: Delivery, answer: Answer, *, started_at: datetime, duration_ms: int) -> None:
    """Stores the attempt and what follows from it, if the row is still this claim's."""
    number = delivery.attempt_count + 1
    with transaction.atomic():
        if not release(delivery, attempt_count=number, **_following(number, answer)):
            logger.warning("delivery %s was claimed again before its attempt ended", delivery.pk)
            return
        Attempt.objects.create(
            delivery=delivery,
            number=number,
            started_at=started_at,
            duration_ms=duration_ms,
            status_code=answer.status,
            error=answer.error,
            response_excerpt=answer.excerpt,
        )


def _following(number: int, answer: Answer) -> dict[str, Any]:
    now = clock.now()
    if answer.accepted:
        return {"state": DeliveryState.DELIVERED, "finished_at": now}
    if number <= len(RETRY_AFTER):
        return {"state": DeliveryState.DUE, "due_at": now + RETRY_AFTER[number - 1]}
    return {"state": DeliveryState.EXHAUSTED, "finished_at": now}


def release(delivery: Delivery, **changes: Any) -> bool:
    """Compare-and-set: whether the row was still this claim's, and has changed."""
    mine = Delivery.objects.filter(
        pk=delivery.pk, claim=delivery.claim, state=DeliveryState.CLAIMED
    )
    return bool(mine.update(claim=None, **changes))
