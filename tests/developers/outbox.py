"""Destinations, events and the turn of deliveries, as tests of the outbox need them."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from developers.models import Delivery, Destination, Environment, Event
from developers.states import EventType
from developers.webhooks import destinations
from developers.webhooks.publish import Draft, publish
from terra_portal import clock
from tests.developers.sink import Sink


@dataclass
class Receiver:
    """A destination, and the company's server behind it."""

    destination: Destination
    secret: str
    server: Sink


def receiver(environment: Environment, server: Sink, **extra: Any) -> Receiver:
    destination, secret = destinations.add(environment, server.url, **extra)
    return Receiver(destination, secret, server)


def happened(environment: Environment, type: EventType = EventType.AUTH, **extra: Any) -> Event:
    """An event of `environment`, committed."""
    body = {"type": type.value, "message": "Grüße"}
    with transaction.atomic():
        (event,) = publish([Draft(environment.pk, type, body, **extra)])
    return event


def its_turn(delivery: Delivery) -> None:
    """The wait is over: it is due at this moment."""
    Delivery.objects.filter(pk=delivery.pk).update(due_at=clock.now())


def only_delivery() -> Delivery:
    return Delivery.objects.get()
