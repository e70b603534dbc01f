"""A switch of a destination with a long queue: done in batches, turned round, never forgotten."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction

from developers.models import Attempt, Delivery, Destination, Environment
from developers.states import DeliveryState, DestinationState
from developers.webhooks import destinations, settle
from developers.webhooks.delivery import deliver_due
from terra_portal import clock
from tests.developers import backlog
from tests.developers.outbox import Receiver, happened
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

DUE, HELD, EXHAUSTED = DeliveryState.DUE, DeliveryState.HELD, DeliveryState.EXHAUSTED


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "BATCH", 2)


def queue(to: Destination, state: DeliveryState, count: int = 5) -> list[Delivery]:
    age = timedelta(minutes=count)
    return [backlog.delivery(to, state, age=age, due_at=clock.now() - age) for _ in range(count)]


def states(to: Destination) -> dict[DeliveryState, int]:
    found = Delivery.objects.filter(destination=to).values_list("state", flat=True)
    return {state: list(found).count(state) for state in DeliveryState if state in found}


def is_settled(to: Destination) -> bool:
    to.refresh_from_db()
    return to.settle_due_at is None


def test_a_pause_holds_what_is_due_batch_after_batch(environment: Environment) -> None:
    to, other = backlog.target(environment), backlog.target(environment)
    queue(to, DUE)
    (elsewhere,) = queue(other, DUE, 1)
    destinations.pause(to)
    assert (states(to), is_settled(to)) == ({DUE: 3, HELD: 2}, False)
    settle.carry_on(to.pk)
    assert (states(to), is_settled(to)) == ({HELD: 5}, True)
    assert backlog.state(elsewhere) == DUE
    assert set(Delivery.objects.values_list("attempt_count", flat=True)) == {10}


def test_enabling_makes_all_of_it_due_and_the_oldest_first(environment: Environment) -> None:
    to = backlog.target(environment)
    destinations.pause(to)
    young, old = (
        backlog.delivery(to, HELD, due_at=clock.now() + wait)
        for wait in (timedelta(hours=20), timedelta(hours=-1))
    )
    queue(to, HELD, 2)
    destinations.enable(to)
    assert (states(to), is_settled(to)) == ({DUE: 2, HELD: 2}, False)
    settle.carry_on(to.pk)
    assert (states(to), is_settled(to)) == ({DUE: 4}, True)
    old.refresh_from_db()
    young.refresh_from_db()
    assert old.due_at < young.due_at <= clock.now()


def test_a_removal_gives_up_what_is_due_and_what_is_held(environment: Environment) -> None:
    to = backlog.target(environment)
    queue(to, DUE, 3)
    queue(to, HELD, 3)
    destinations.remove(to)
    settle.carry_on(to.pk)
    assert (states(to), is_settled(to)) == ({EXHAUSTED: 6}, True)
    assert not Delivery.objects.filter(finished_at=None).exists()


def test_a_switch_in_between_turns_the_work_round(environment: Environment) -> None:
    to = backlog.target(environment)
    queue(to, DUE)
    destinations.pause(to)
    settle._batch(to.pk)
    assert states(to) == {DUE: 1, HELD: 4}
    destinations.enable(to)
    settle.carry_on(to.pk)
    assert (states(to), is_settled(to)) == ({DUE: 5}, True)


def test_a_short_queue_is_done_with_the_switch(environment: Environment) -> None:
    to = backlog.target(environment)
    queue(to, DUE, 2)
    destinations.pause(to)
    assert (states(to), is_settled(to)) == ({HELD: 2}, True)
    destinations.enable(to)
    assert (states(to), is_settled(to)) == ({DUE: 2}, True)


def test_what_a_paused_destination_has_due_is_not_sent(
    environment: Environment, receiving: Receiver
) -> None:
    """The work lags behind, and a worker comes first: it holds the rest, without an attempt."""
    to = receiving.destination
    for _ in range(5):
        happened(environment)
    destinations.pause(to)
    assert states(to) == {DUE: 3, HELD: 2}
    deliver_due()
    assert (receiving.server.arrivals, Attempt.objects.count()) == ([], 0)
    assert states(to) == {HELD: 5}
    destinations.enable(to)
    settle.carry_on(to.pk)
    assert deliver_due() == 5
    assert len({arrival.headers["webhook-id"] for arrival in receiving.server.arrivals}) == 5


def test_a_worker_that_died_is_followed_by_the_sweep(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = backlog.target(environment)
    queue(to, DUE)
    destinations.pause(to)
    settle.sweep()
    assert states(to) == {DUE: 3, HELD: 2}, "its worker may still live"
    with clock.shifted(settle.LEASE):
        settle.sweep()
    assert (states(to), is_settled(to)) == ({HELD: 5}, True)


def test_a_clock_that_is_set_back_delays_nothing(environment: Environment) -> None:
    to = backlog.target(environment)
    queue(to, DUE)
    with clock.shifted(timedelta(hours=2)):
        destinations.pause(to)
    settle.sweep()
    assert (states(to), is_settled(to)) == ({HELD: 5}, True)


def test_a_run_that_is_long_hands_on(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = backlog.target(environment)
    queue(to, DUE, 7)
    destinations.pause(to)
    monkeypatch.setattr(settle, "RUN_SECONDS", -1.0)
    settle.carry_on(to.pk)
    assert (states(to), is_settled(to)) == ({DUE: 3, HELD: 4}, False)


def test_what_somebody_holds_is_taken_later(environment: Environment) -> None:
    to = backlog.target(environment)
    first, *_ = queue(to, DUE, 2)
    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=first.pk)
        assert run_together(lambda: destinations.pause(to)) == [None]
    assert (states(to), is_settled(to)) == ({DUE: 1, HELD: 1}, False)
    with clock.shifted(settle.PAUSE + settle.LEASE):
        settle.sweep()
    assert (states(to), is_settled(to)) == ({HELD: 2}, True)


@pytest.mark.parametrize("enabled_last", [True, False])
def test_switches_workers_and_events_at_once_leave_no_row_behind(
    environment: Environment, enabled_last: bool
) -> None:
    to = backlog.target(environment)
    queue(to, DUE, 9)

    def switch() -> None:
        for _ in range(5):
            destinations.pause(Destination.objects.get(pk=to.pk))
            destinations.enable(Destination.objects.get(pk=to.pk))
        if not enabled_last:
            destinations.pause(Destination.objects.get(pk=to.pk))

    def tell() -> None:
        for _ in range(9):
            happened(environment)

    def work() -> None:
        for _ in range(5):
            settle.carry_on(to.pk)

    assert run_together(switch, tell, work, work) == [None] * 4
    with clock.shifted(settle.LEASE):
        settle.sweep()
    assert is_settled(to)
    left = states(to)
    assert sum(left.values()) == 18
    if enabled_last:
        assert (to.state, left) == (DestinationState.ENABLED, {DUE: 18})
    else:
        # An event that saw it enabled may be due; whoever claims it holds it.
        assert to.state == DestinationState.PAUSED
        assert left[HELD] >= 9


def test_a_worker_waits_for_the_switch_that_is_under_way(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that went on by the state before would hold rows of an enabled destination for good."""
    monkeypatch.setattr(settle, "BATCH", 3)
    to = backlog.target(environment)
    queue(to, DUE)
    destinations.pause(to)
    assert states(to) == {DUE: 2, HELD: 3}
    switched = threading.Event()

    def enable() -> None:
        with transaction.atomic():
            destinations.enable(Destination.objects.get(pk=to.pk))
            switched.set()
            # Time for the worker to come as far as it can while this is not committed.
            threading.Event().wait(0.5)

    def work() -> None:
        assert switched.wait(10)
        settle.carry_on(to.pk)

    assert run_together(enable, work) == [None, None]
    assert (states(to), is_settled(to)) == ({DUE: 5}, True)
