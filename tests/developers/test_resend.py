"""One delivery goes out again, on somebody's wish."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from developers.models import AuditEntry, Delivery, Environment, Event
from developers.states import DeliveryState
from developers.webhooks import delivery as sending
from developers.webhooks import destinations, resend
from terra_portal import clock
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.developers import backlog
from tests.developers.outbox import Receiver, happened
from tests.threads import run_together


@pytest.mark.parametrize("before", ["delivered", "exhausted", "due"])
def test_goes_out_at_once_with_a_fresh_schedule(environment: Environment, before: str) -> None:
    made = backlog.delivery(
        backlog.target(environment),
        DeliveryState(before),
        due_at=clock.now() + timedelta(hours=20),
    )
    by = cast.person()
    resend.again(made, by=by)
    made.refresh_from_db()
    assert (made.state, made.round_count, made.attempt_count) == (DeliveryState.DUE, 0, 10)
    assert made.finished_at is None
    assert made.due_at <= clock.now()
    entry = AuditEntry.objects.get(action="event.sent_again")
    assert (entry.environment, entry.actor) == (environment, by)


@pytest.mark.django_db(transaction=True)
def test_arrives_with_the_same_id_and_the_same_bytes(receiving: Receiver) -> None:
    happened(receiving.destination.environment)
    sending.deliver_due()
    made = Delivery.objects.get()
    resend.again(made)
    sending.deliver_due()
    first, second = receiving.server.arrivals
    assert second.body == first.body
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    second.verify(receiving.secret)
    assert list(made.attempts.order_by("number").values_list("number", flat=True)) == [1, 2]


@pytest.mark.parametrize("before", ["exhausted", "held"])
def test_is_held_while_its_destination_is_paused(environment: Environment, before: str) -> None:
    made = backlog.delivery(backlog.target(environment), DeliveryState(before))
    destinations.pause(made.destination)
    resend.again(made)
    assert backlog.state(made) == DeliveryState.HELD
    destinations.enable(made.destination)
    assert backlog.state(made) == DeliveryState.DUE


def test_is_refused_where_the_payload_is_erased(environment: Environment) -> None:
    made = backlog.delivery(backlog.target(environment))
    Event.objects.update(body="", erased_at=clock.now())
    with pytest.raises(InvalidInputError, match="payload is erased"):
        resend.again(made)
    assert backlog.state(made) == DeliveryState.EXHAUSTED


def test_is_refused_where_the_destination_is_removed(environment: Environment) -> None:
    made = backlog.delivery(backlog.target(environment))
    destinations.remove(made.destination)
    with pytest.raises(InvalidInputError, match="destination is removed"):
        resend.again(made)
    assert backlog.state(made) == DeliveryState.EXHAUSTED


def test_what_is_being_sent_is_left_to_whoever_sends_it(environment: Environment) -> None:
    claim = uuid4()
    soon = clock.now() + timedelta(seconds=60)
    made = backlog.delivery(
        backlog.target(environment), DeliveryState.CLAIMED, claim=claim, due_at=soon
    )
    with pytest.raises(InvalidInputError, match="being sent"):
        resend.again(made)
    made.refresh_from_db()
    assert (made.state, made.claim) == (DeliveryState.CLAIMED, claim)


def test_a_claim_whose_worker_died_is_no_obstacle(environment: Environment) -> None:
    made = backlog.delivery(
        backlog.target(environment), DeliveryState.CLAIMED, claim=uuid4(), due_at=clock.now()
    )
    resend.again(made)
    made.refresh_from_db()
    assert (made.state, made.claim) == (DeliveryState.DUE, None)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_send_it_once_more(receiving: Receiver) -> None:
    happened(receiving.destination.environment)
    sending.deliver_due()
    made = Delivery.objects.get()
    results = run_together(lambda: resend.again(made), lambda: resend.again(made))
    assert all(result is None or isinstance(result, InvalidInputError) for result in results)
    sending.deliver_due()
    assert len(receiving.server.arrivals) == 2


@pytest.mark.django_db(transaction=True)
def test_a_payload_that_is_being_erased_is_not_waited_for(environment: Environment) -> None:
    """The other side holds the event, and has not committed yet."""
    made = backlog.delivery(backlog.target(environment))

    def ask() -> None:
        with pytest.raises(InvalidInputError, match="being sent"):
            resend.again(made)

    with transaction.atomic():
        Event.objects.update(body="", erased_at=clock.now())
        assert run_together(ask) == [None]
    assert backlog.state(made) == DeliveryState.EXHAUSTED


def test_everywhere_counts_and_says_why_not(environment: Environment) -> None:
    happening = backlog.event(environment)
    free, removed = (backlog.delivery(backlog.target(environment), of=happening) for _ in range(2))
    destinations.remove(removed.destination)
    sent = resend.everywhere(Delivery.objects.order_by("created_at"))
    assert sent == (1, "Its destination is removed.")
    assert backlog.state(free) == DeliveryState.DUE
