"""What a company's server receives, and what the portal keeps of it."""

from datetime import timedelta

import pytest
from django.db import transaction

from developers.models import Attempt, Delivery, Environment
from developers.states import DeliveryState
from developers.webhooks import claims, destinations
from developers.webhooks.delivery import deliver_due
from terra_portal import clock
from terra_portal.network import NetworkInTransactionError
from tests import cast
from tests.developers.outbox import Receiver, happened, its_turn, only_delivery, receiver
from tests.developers.sink import sink

pytestmark = pytest.mark.django_db


def test_an_event_arrives_signed_for_both_verifiers(
    environment: Environment, receiving: Receiver
) -> None:
    event = happened(environment)
    assert deliver_due() == 1
    (arrival,) = receiving.server.arrivals
    arrival.verify(receiving.secret)
    assert arrival.body == event.body.encode()
    assert arrival.headers["dev-id"] == environment.dev_id
    assert arrival.headers["terra-reference"] == str(event.terra_reference)
    assert arrival.headers["webhook-id"] == str(event.pk)
    assert arrival.headers["x-terra-trace-id"] == str(only_delivery().pk)
    milliseconds = int(arrival.headers["x-terra-ordering-timestamp"])
    assert milliseconds == int(event.occurred_at.timestamp() * 1000)
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.status_code, attempt.error) == (1, 200, "")
    assert attempt.response_excerpt == "thank you"
    assert only_delivery().state == DeliveryState.DELIVERED


def test_another_secret_does_not_verify(environment: Environment, receiving: Receiver) -> None:
    with sink() as elsewhere:
        other = receiver(cast.company("B").environments["testing"], elsewhere)
        happened(environment)
        deliver_due()
    (arrival,) = receiving.server.arrivals
    with pytest.raises(Exception, match="(?i)signature"):
        arrival.verify(other.secret)
    assert elsewhere.arrivals == []


def test_each_attempt_has_the_same_bytes_and_names_and_a_fresh_signature(
    environment: Environment, receiving: Receiver
) -> None:
    receiving.server.status = 503
    happened(environment)
    deliver_due()
    with clock.shifted(timedelta(seconds=6)):
        deliver_due()
    first, second = receiving.server.arrivals
    assert first.body == second.body
    for name in ("webhook-id", "terra-reference", "x-terra-trace-id", "x-terra-ordering-timestamp"):
        assert first.headers[name] == second.headers[name]
    assert int(second.headers["webhook-timestamp"]) >= int(first.headers["webhook-timestamp"]) + 6
    second.verify(receiving.secret)


def test_retries_follow_the_schedule_and_then_it_is_given_up(
    environment: Environment, receiving: Receiver
) -> None:
    receiving.server.status = 500
    happened(environment)
    waits = []
    for _ in range(9):
        before = clock.now()
        assert deliver_due() == 1
        delivery = only_delivery()
        assert delivery.state == DeliveryState.DUE
        waits.append((delivery.due_at - before).total_seconds())
        its_turn(delivery)
    schedule = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for wait, pause in zip(waits, schedule, strict=True):
        # Never earlier, at most a tenth later; what is above that is this test's own pace.
        assert pause <= wait <= pause * 1.1 + 5
    assert deliver_due() == 1
    delivery = only_delivery()
    assert (delivery.state, delivery.attempt_count) == (DeliveryState.EXHAUSTED, 10)
    assert delivery.finished_at is not None
    its_turn(delivery)
    assert deliver_due() == 0
    numbers = Attempt.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, 11))


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, 503])
def test_every_answer_but_success_is_tried_again(
    environment: Environment, receiving: Receiver, status: int
) -> None:
    receiving.server.status = status
    happened(environment)
    deliver_due()
    assert only_delivery().state == DeliveryState.DUE
    assert Attempt.objects.get().status_code == status


def test_a_server_that_is_away_is_tried_again(environment: Environment) -> None:
    with sink() as gone:
        receiver(environment, gone)
    happened(environment)
    deliver_due()
    assert only_delivery().state == DeliveryState.DUE
    attempt = Attempt.objects.get()
    assert attempt.status_code is None
    assert attempt.error == "connection refused or unreachable"


def test_a_paused_destination_holds_and_sends_once_enabled(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    destinations.pause(receiving.destination)
    happened(environment)
    states = Delivery.objects.values_list("state", flat=True)
    assert list(states) == [DeliveryState.HELD] * 2
    assert deliver_due() == 0
    destinations.enable(receiving.destination)
    assert deliver_due() == 2
    assert len(receiving.server.arrivals) == 2
    assert list(states.all()) == [DeliveryState.DELIVERED] * 2


def test_a_pause_between_claim_and_send_holds_the_row(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    destinations.pause(receiving.destination)
    # As a worker sees it that claimed in the moment of the pause.
    Delivery.objects.update(state=DeliveryState.DUE)
    assert deliver_due() == 0
    assert receiving.server.arrivals == []
    delivery = only_delivery()
    assert (delivery.state, delivery.claim) == (DeliveryState.HELD, None)


def test_a_removed_destination_receives_nothing_more(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    claimed = claims.claim(1)
    destinations.remove(receiving.destination)
    happened(environment)
    (claimed[0].destination,) = [receiving.destination]
    assert claims.may_send(claimed[0]) is False
    assert deliver_due() == 0
    assert receiving.server.arrivals == []
    assert only_delivery().state == DeliveryState.EXHAUSTED


def test_a_slow_server_does_not_keep_the_others_waiting(
    environment: Environment, receiving: Receiver
) -> None:
    receiving.server.delay = 3
    for _ in range(20):
        happened(environment)
    with sink() as quick:
        other = cast.company("B").environments["testing"]
        receiver(other, quick)
        happened(other)
        before = clock.now()
        deliver_due()
    (theirs,) = Attempt.objects.filter(delivery__environment=other)
    assert theirs.started_at - before < timedelta(seconds=2)
    assert len(receiving.server.arrivals) == 20


def test_it_refuses_to_run_inside_a_transaction(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        deliver_due()
    assert receiving.server.arrivals == []


def test_a_fault_of_ours_is_an_attempt_and_leaves_the_others_alone(
    environment: Environment, receiving: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    broken, _ = destinations.add(environment, receiving.server.url)
    field = type(broken)._meta.get_field("signing_secret")
    foreign = field.sealed_for(receiving.destination.pk, "whsec_c2VjcmV0")
    type(broken).objects.filter(pk=broken.pk).update(signing_secret=foreign)
    happened(environment)
    assert deliver_due() == 2
    assert len(receiving.server.arrivals) == 1
    attempt = Attempt.objects.get(delivery__destination=broken)
    assert attempt.error == "the portal failed to send it: UnreadableError"
    assert "could not be sent" in caplog.text
