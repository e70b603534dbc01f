"""Examples: an event of each type, for one destination alone."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import transaction

from developers.models import AuditEntry, Delivery, Destination, Environment, Event
from developers.states import DeliveryState, EventType
from developers.webhooks import destinations, examples
from developers.webhooks.delivery import deliver_due
from terra_portal import clock
from terra_portal.errors import InvalidInputError, TooSoonError
from tests import cast
from tests.developers.outbox import Receiver, happened, only_delivery
from tests.story import published
from tests.threads import run_together

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("event_type", EventType.values)
def test_each_type_fits_the_published_schema_and_says_what_it_is(
    receiving: Receiver, event_type: str
) -> None:
    sent = examples.send(receiving.destination, event_type)
    body = json.loads(sent.body)
    assert body["portal"].pop("example") is True
    published.check(body)
    assert (body["type"], sent.type, sent.is_example) == (event_type, event_type, True)
    assert body["portal"]["event_id"] == str(sent.pk)
    assert (sent.subject_id, sent.sequence) == (None, None)


def test_every_example_is_about_somebody_else(receiving: Receiver) -> None:
    ids = [
        json.loads(examples.send(receiving.destination, "auth").body)["user"]["user_id"]
        for _ in range(2)
    ]
    assert len(set(ids)) == 2


def test_goes_to_that_destination_alone_whatever_it_takes(
    environment: Environment, receiving: Receiver
) -> None:
    narrow, secret = destinations.add(
        environment, receiving.server.url, event_types=[EventType.AUTH]
    )
    sent = examples.send(narrow, EventType.DEAUTH)
    assert only_delivery().destination_id == narrow.pk
    assert deliver_due() == 1
    (arrival,) = receiving.server.arrivals
    arrival.verify(secret)
    assert arrival.body.decode() == sent.body


def test_is_held_while_the_destination_is_stopped(receiving: Receiver) -> None:
    destinations.pause(Destination.objects.get())
    examples.send(receiving.destination, EventType.AUTH)
    assert only_delivery().state == DeliveryState.HELD
    destinations.enable(Destination.objects.get())
    assert deliver_due() == 1


def test_leaves_a_line_in_the_audit_log(receiving: Receiver) -> None:
    by = cast.person()
    examples.send(receiving.destination, EventType.AUTH, by=by)
    entry = AuditEntry.objects.get(actor=by)
    assert (entry.action, entry.subject) == (
        "destination.example_sent",
        receiving.destination.url,
    )


def test_refuses_a_type_that_is_none_and_a_destination_that_is_removed(
    receiving: Receiver,
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        examples.send(receiving.destination, "sleep")
    assert refused.value.field == "type"
    destinations.remove(Destination.objects.get())
    with pytest.raises(InvalidInputError) as refused:
        examples.send(receiving.destination, "auth")
    assert refused.value.field == "destination"
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_sent_while_its_destination_is_enabled_is_not_held_for_good(
    receiving: Receiver,
) -> None:
    """It has seen the pause and commits last; enabling waits for it."""
    destinations.pause(Destination.objects.get())
    seen, enabling = threading.Event(), threading.Event()

    def sender() -> None:
        with transaction.atomic():
            examples.send(receiving.destination, EventType.AUTH)
            seen.set()
            enabling.wait(10)
            # Time for enable() to come as far as it can while this is not committed.
            threading.Event().wait(0.5)

    def enabler() -> None:
        assert seen.wait(10)
        enabling.set()
        destinations.enable(Destination.objects.get())

    assert run_together(sender, enabler) == [None, None]
    assert Delivery.objects.get().state == DeliveryState.DUE


def test_the_bound_moves_on_with_time(receiving: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, "MOST", 2)
    for seconds in (0, 40, 61):
        with clock.shifted(timedelta(seconds=seconds)):
            examples.send(receiving.destination, EventType.AUTH)
    with clock.shifted(timedelta(seconds=70)), pytest.raises(TooSoonError) as refused:
        examples.send(receiving.destination, EventType.AUTH)
    assert (refused.value.field, refused.value.wait_seconds) == ("destination", 30)
    assert Event.objects.count() == 3


def test_real_events_are_not_counted(
    environment: Environment, receiving: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "MOST", 1)
    for _ in range(3):
        happened(environment)
    examples.send(receiving.destination, EventType.AUTH)
    with pytest.raises(TooSoonError):
        examples.send(receiving.destination, EventType.AUTH)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_pass_the_bound(
    receiving: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "MOST", 3)
    results = run_together(*[lambda: examples.send(receiving.destination, "auth")] * 6)
    assert sum(isinstance(result, TooSoonError) for result in results) == 3
    assert Event.objects.count() == 3
