"""Payloads are kept as long as their environment says; what was sent, when and how stays."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from developers.models import Attempt, Delivery, Environment, Event
from developers.states import DeliveryState
from terra_portal import clock, tenancy

BATCH = 500
UNFINISHED = (DeliveryState.DUE, DeliveryState.CLAIMED, DeliveryState.HELD)


def erase() -> int:
    """Erases what is older than its environment keeps it; how many payloads.

    With a body go its `reference_id` and what the receivers answered; what was not delivered by
    then is given up. Any number may run at once: rows that another one holds are left to it, as
    are those that are being sent at this moment, until the next time.
    """
    erased = 0
    with tenancy.system("payloads whose days are over"):
        for environment_id, before in _overdue():
            erased += _erase_of(environment_id, before)
    return erased


def _overdue() -> list[tuple[UUID, datetime]]:
    """Environments that have something to erase, and the time before which it happened."""
    now, found = clock.now(), []
    kept = Environment.objects.order_by("payload_days").values_list("payload_days", flat=True)
    for days in kept.distinct():
        before = now - timedelta(days=days)
        old = Event.objects.filter(
            environment=OuterRef("pk"), erased_at=None, occurred_at__lt=before
        )
        here = Environment.objects.filter(Exists(old), payload_days=days)
        found += [(pk, before) for pk in here.values_list("pk", flat=True)]
    return found


def _erase_of(environment_id: UUID, before: datetime) -> int:
    erased = 0
    after: tuple[datetime, UUID] | None = None
    while True:
        count, after = _erase_batch(environment_id, before, after)
        erased += count
        if after is None:
            return erased


def _erase_batch(
    environment_id: UUID, before: datetime, after: tuple[datetime, UUID] | None
) -> tuple[int, tuple[datetime, UUID] | None]:
    """How many, and the last event that was looked at; None after the last one of all."""
    old = Event.objects.filter(environment=environment_id, erased_at=None, occurred_at__lt=before)
    if after:
        old = old.filter(occurred_at__gte=after[0]).exclude(occurred_at=after[0], pk__lte=after[1])
    with transaction.atomic():
        locked = old.select_for_update(no_key=True, skip_locked=True)
        rows = list(locked.order_by("occurred_at", "pk").values_list("occurred_at", "pk")[:BATCH])
        if not rows:
            return 0, None
        count = _erase({pk for _, pk in rows})
    return count, rows[-1]


def _erase(event_ids: set[UUID]) -> int:
    """Of those events whose deliveries are free; the rest is held or being sent."""
    now = clock.now()
    deliveries = Delivery.objects.filter(event__in=event_ids, state__in=UNFINISHED)
    free = deliveries.select_for_update(no_key=True, skip_locked=True)
    mine = {
        pk
        for pk, state, due_at in free.values_list("pk", "state", "due_at")
        if state != DeliveryState.CLAIMED or due_at <= now
    }
    event_ids -= set(deliveries.exclude(pk__in=mine).values_list("event_id", flat=True))
    Delivery.objects.filter(pk__in=mine, event__in=event_ids).update(
        state=DeliveryState.EXHAUSTED, claim=None, finished_at=now
    )
    answers = Attempt.objects.filter(delivery__event__in=event_ids)
    answers.exclude(response_excerpt="").update(response_excerpt="")
    return Event.objects.filter(pk__in=event_ids).update(body="", reference_id="", erased_at=now)
