"""Events come with the change that they report, and wake a worker that may be away."""

import json

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from developers.models import Delivery, Environment, Event
from developers.states import DeliveryState, EventType
from developers.tasks import sweep_deliveries
from developers.webhooks.publish import Draft, OutsideTransactionError, publish
from tests import cast
from tests.developers.outbox import Receiver, happened, only_delivery, receiver
from tests.developers.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)


def draft(environment: Environment) -> Draft:
    return Draft(environment.pk, EventType.AUTH, {"type": "auth"})


def test_outside_a_transaction_it_refuses(environment: Environment) -> None:
    with pytest.raises(OutsideTransactionError):
        publish([draft(environment)])
    assert Event.objects.count() == 0


def test_a_change_that_is_taken_back_takes_its_event_along(
    environment: Environment, receiving: Receiver
) -> None:
    with transaction.atomic():
        publish([draft(environment)])
        transaction.set_rollback(True)
    assert (Event.objects.count(), Delivery.objects.count()) == (0, 0)


def test_ours_stands_under_one_key(environment: Environment) -> None:
    event = happened(environment, kind="connected", actor="")
    body = json.loads(event.body)
    assert body == {
        "type": "auth",
        "message": "Grüße",
        "portal": {
            "event_id": str(event.pk),
            "sequence": None,
            "occurred_at": event.occurred_at.isoformat(timespec="microseconds"),
            "kind": "connected",
            "actor": None,
        },
    }


def test_each_destination_of_this_environment_alone_has_a_delivery(
    environment: Environment, server: Sink
) -> None:
    mine = {receiver(environment, server).destination.pk for _ in range(2)}
    company = environment.company
    for foreign in (
        company.environments.get(kind="staging"),
        cast.company("B").environments["testing"],
    ):
        receiver(foreign, server)
    happened(environment)
    assert set(Delivery.objects.values_list("destination", flat=True)) == mine
    assert Delivery.objects.for_environment(environment).count() == 2


def test_its_cost_does_not_grow_with_events_and_destinations(
    environment: Environment, server: Sink, django_assert_num_queries: object
) -> None:
    for _ in range(3):
        receiver(environment, server)
    with transaction.atomic(), django_assert_num_queries(3):  # type: ignore[operator]
        publish([draft(environment) for _ in range(20)])
    assert Delivery.objects.count() == 60


def test_a_broker_that_is_away_fails_no_change_and_the_sweep_sends(
    environment: Environment,
    receiving: Receiver,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    event = happened(environment)
    assert "broker away" in caplog.text
    assert only_delivery().state == DeliveryState.DUE
    sweep_deliveries()
    assert [arrival.body for arrival in receiving.server.arrivals] == [event.body.encode()]
