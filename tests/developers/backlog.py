"""Deliveries in whatever state a test needs them, without anybody sending."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from developers.models import Attempt, Delivery, Destination, Environment, Event
from developers.states import DeliveryState, EventType
from developers.webhooks import destinations
from terra_portal import clock

FINISHED = {DeliveryState.DELIVERED, DeliveryState.EXHAUSTED}


def target(environment: Environment) -> Destination:
    return destinations.add(environment, f"https://{uuid4().hex}.example/")[0]


def event(environment: Environment, *, age: timedelta = timedelta(), **extra: Any) -> Event:
    given = {"type": EventType.AUTH, "body": json.dumps({"type": "auth"})} | extra
    return Event.objects.create(environment=environment, occurred_at=clock.now() - age, **given)


def delivery(
    to: Destination,
    state: DeliveryState = DeliveryState.EXHAUSTED,
    *,
    age: timedelta = timedelta(minutes=10),
    of: Event | None = None,
    **extra: Any,
) -> Delivery:
    """Of an event of its own, `age` ago; a finished one ended a minute after it began."""
    began = clock.now() - age
    if state in FINISHED:
        extra = {"finished_at": began + timedelta(minutes=1)} | extra
    return Delivery.objects.create(
        environment=to.environment,
        destination=to,
        event=of or event(to.environment, age=age),
        state=state,
        created_at=began,
        **{"attempt_count": 10, "round_count": 10} | extra,
    )


def attempt(of: Delivery, *, status: int | None = 500, took: int = 10, **extra: Any) -> Attempt:
    number = of.attempts.count() + 1
    return Attempt.objects.create(
        delivery=of, number=number, status_code=status, duration_ms=took, **extra
    )


def state(of: Delivery) -> DeliveryState:
    return DeliveryState(Delivery.objects.values_list("state", flat=True).get(pk=of.pk))
