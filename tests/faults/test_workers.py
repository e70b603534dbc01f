"""Workers that die, lose their database, sleep or read another clock: every event still arrives."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from developers.models import Attempt, Delivery, Environment
from developers.states import DeliveryState
from developers.webhooks import claims, delivery
from developers.webhooks.delivery import Flight, deliver_due
from developers.webhooks.outbound import Door
from terra_portal import clock
from tests.developers.outbox import Receiver, happened, only_delivery
from tests.developers.sink import Arrival
from tests.faults.processes import cut_connections, kill, sender, somebody_waits_for_a_lock
from tests.sandbox.company import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
AFTER_CLAIM = claims.CLAIM + timedelta(seconds=1)


@pytest.fixture
def arrivals(receiving: Receiver) -> Iterator[list[Arrival]]:
    """What the company's server has got; it answers when it is allowed to."""
    yield receiving.server.arrivals
    receiving.server.stopping.set()


def the_same(first: Arrival, second: Arrival) -> bool:
    names = ("webhook-id", "terra-reference", "x-terra-trace-id", "x-terra-ordering-timestamp")
    told = all(first.headers[name] == second.headers[name] for name in names)
    return told and first.body == second.body


def test_killed_while_the_server_thinks(
    environment: Environment, receiving: Receiver, arrivals: list[Arrival]
) -> None:
    receiving.server.delay = PATIENCE
    happened(environment)
    with sender() as process:
        wait_until(lambda: len(arrivals) == 1, PATIENCE)
        kill(process)
    receiving.server.delay = 0
    assert deliver_due() == 0
    with clock.shifted(AFTER_CLAIM):
        assert deliver_due() == 1
    assert the_same(*arrivals)
    assert Attempt.objects.get().number == 1
    assert only_delivery().state == DeliveryState.DELIVERED


def test_killed_after_the_answer_and_before_it_is_stored(
    environment: Environment, receiving: Receiver, arrivals: list[Arrival]
) -> None:
    receiving.server.delay = 2
    event = happened(environment)
    with sender() as process:
        wait_until(lambda: len(arrivals) == 1, PATIENCE)
        with transaction.atomic():
            # The worker has its answer, and waits for this row to store it.
            Delivery.objects.select_for_update().get(event=event)
            wait_until(somebody_waits_for_a_lock, PATIENCE)
            kill(process)
    receiving.server.delay = 0
    assert Attempt.objects.count() == 0
    with clock.shifted(AFTER_CLAIM):
        assert deliver_due() == 1
    assert the_same(*arrivals)
    assert only_delivery().state == DeliveryState.DELIVERED


def test_a_database_connection_that_is_cut_forgets_no_answer(
    environment: Environment, receiving: Receiver, arrivals: list[Arrival]
) -> None:
    receiving.server.delay = 2
    happened(environment)
    with sender() as process:
        wait_until(lambda: len(arrivals) == 1, PATIENCE)
        assert cut_connections() >= 1
        said, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said.strip()) == (0, "1")
    assert len(arrivals) == 1
    assert Attempt.objects.get().status_code == 200
    assert only_delivery().state == DeliveryState.DELIVERED


def test_a_worker_that_was_frozen_sends_nothing_of_a_claim_that_runs_out(
    environment: Environment, receiving: Receiver, arrivals: list[Arrival]
) -> None:
    """Somebody else may have taken the row up by the time that its answer came."""
    happened(environment)
    (claimed,) = claims.claim(1)
    frozen = Flight(claimed, time.monotonic() - claims.CLAIM.total_seconds() + 1, slow=False)
    with Door() as door:
        assert delivery.attempt(door, frozen) is None
        assert arrivals == []
        frozen.claimed_at = time.monotonic()
        assert delivery.attempt(door, frozen) is not None
    assert len(arrivals) == 1


def test_a_clock_that_is_set_back_keeps_nothing_waiting(
    environment: Environment, receiving: Receiver, arrivals: list[Arrival]
) -> None:
    with clock.shifted(timedelta(hours=2)):
        happened(environment)
        assert len(claims.claim(1)) == 1
        happened(environment)
    assert deliver_due() == 0
    claims.mend()
    assert deliver_due() == 1
    # What was being sent when the clock moved: its claim runs out once more, by the new clock.
    with clock.shifted(AFTER_CLAIM):
        assert deliver_due() == 1
    assert len(arrivals) == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}


def test_mending_leaves_retries_at_their_time(
    environment: Environment, receiving: Receiver
) -> None:
    receiving.server.status = 503
    happened(environment)
    deliver_due()
    before = only_delivery().due_at
    assert claims.mend() == 0
    assert only_delivery().due_at == before
