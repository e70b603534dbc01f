"""How the webhooks of the story went: well, mostly; a few at a later try, a handful never."""

import random
from datetime import timedelta

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from developers.models import Attempt, Delivery, Destination
from developers.states import DeliveryState
from developers.webhooks.schedule import RETRY_AFTER

LAST_TRY = len(RETRY_AFTER) + 1
# How many tries it took, by weight; those that came to the last one were given up.
TRIES = {1: 930, 2: 44, 3: 20, LAST_TRY: 6}
PAUSE = timedelta(milliseconds=40)
WHOLE_SCHEDULE = sum(RETRY_AFTER, timedelta(days=1))


def settle() -> None:
    """Marks what the story left in the queue as done, with its attempts, in bulk."""
    chance = random.Random(19)
    long_ago = timezone.now() - WHOLE_SCHEDULE
    settled, attempts = [], []
    for delivery in Delivery.objects.filter(state=DeliveryState.DUE).order_by(
        "created_at", "event"
    ):
        tries = chance.choices(list(TRIES), list(TRIES.values()))[0]
        given_up = tries == LAST_TRY and delivery.created_at < long_ago
        if tries == LAST_TRY and not given_up:
            tries = 1
        made = [
            _attempt(delivery, number, chance, failed=given_up or number < tries)
            for number in range(1, tries + 1)
        ]
        last = made[-1]
        delivery.state = DeliveryState.EXHAUSTED if given_up else DeliveryState.DELIVERED
        delivery.attempt_count = delivery.round_count = tries
        delivery.finished_at = last.started_at + timedelta(milliseconds=last.duration_ms)
        settled.append(delivery)
        attempts += made
    fields = ["state", "attempt_count", "round_count", "finished_at"]
    Delivery.objects.bulk_update(settled, fields, batch_size=200)
    Attempt.objects.bulk_create(attempts, batch_size=500)
    arrived = Delivery.objects.filter(destination=OuterRef("pk"), state=DeliveryState.DELIVERED)
    newest = arrived.order_by("-finished_at").values("finished_at")[:1]
    Destination.objects.update(last_success_at=Subquery(newest))


def _attempt(delivery: Delivery, number: int, chance: random.Random, *, failed: bool) -> Attempt:
    return Attempt(
        delivery=delivery,
        number=number,
        started_at=delivery.created_at + sum(RETRY_AFTER[: number - 1], PAUSE),
        duration_ms=int(chance.lognormvariate(4.4, 0.6)) + 8,
        status_code=chance.choice([500, 502, 503]) if failed else 200,
        response_excerpt="" if failed else "ok",
    )
