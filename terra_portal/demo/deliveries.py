"""How the webhooks of the story went: well, mostly; a few at the second or third try."""

import random
from datetime import timedelta

from developers.models import Attempt, Delivery
from developers.states import DeliveryState

# Waits before the second and the third try.
WAITS = (timedelta(seconds=30), timedelta(minutes=2))
TRIES = (1, 2, 3)
WEIGHTS = (94, 4, 2)


def settle() -> None:
    """Marks what the story left in the queue as delivered, with its attempts, in bulk."""
    chance = random.Random(19)
    settled, attempts = [], []
    for delivery in Delivery.objects.filter(state=DeliveryState.DUE):
        tries = chance.choices(TRIES, WEIGHTS)[0]
        made = [_attempt(delivery, number, tries, chance) for number in range(1, tries + 1)]
        last = made[-1]
        delivery.state = DeliveryState.DELIVERED
        delivery.attempt_count = tries
        delivery.finished_at = last.started_at + timedelta(milliseconds=last.duration_ms)
        settled.append(delivery)
        attempts += made
    fields = ["state", "attempt_count", "finished_at"]
    Delivery.objects.bulk_update(settled, fields, batch_size=200)
    Attempt.objects.bulk_create(attempts, batch_size=500)


def _attempt(delivery: Delivery, number: int, tries: int, chance: random.Random) -> Attempt:
    good = number == tries
    return Attempt(
        delivery=delivery,
        number=number,
        started_at=delivery.created_at + sum(WAITS[: number - 1], timedelta(milliseconds=40)),
        duration_ms=int(chance.lognormvariate(4.4, 0.6)) + 8,
        status_code=200 if good else chance.choice([500, 502, 503]),
        response_excerpt="ok" if good else "",
    )
