"""Destinations, events and deliveries, as the tests of the portal's own operations need them."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from developers.models import Attempt, Delivery, Destination, Environment, Event
from developers.states import DeliveryState, EventType
from developers.webhooks import destinations
from developers.webhooks.publish import Draft, publish
from terra_portal import clock

URL = "https://api.example.com/hook"


def destination(environment: Environment, url: str = URL, **extra: Any) -> Destination:
    made, _ = destinations.add(environment, url, **extra)
    return made


def event(
    environment: Environment,
    type: EventType = EventType.AUTH,
    *,
    ago: timedelta = timedelta(),
    reference_id: str = "",
    **extra: Any,
) -> Event:
    """Committed, and due at whoever wants it."""
    with transaction.atomic():
        (made,) = publish([Draft(environment.pk, type, {"type": type.value}, **extra)])
    made.occurred_at = clock.now() - ago
    made.reference_id = reference_id
    made.save()
    Delivery.objects.filter(event=made).update(created_at=made.occurred_at)
    return made


def over(made: Event, state: DeliveryState, *, status: int | None = 500) -> Delivery:
    """The event's one delivery has come to an end, after one attempt."""
    delivery = Delivery.objects.get(event=made)
    delivery.state, delivery.finished_at = state, made.occurred_at
    delivery.attempt_count = delivery.round_count = 1
    delivery.save()
    Attempt.objects.create(
        delivery=delivery,
        number=1,
        started_at=made.occurred_at,
        duration_ms=40,
        status_code=status,
        error="" if status else "the connection was refused",
        response_excerpt="what it answered",
    )
    return delivery
