"""Everything that was given up since a time goes out again, whoever dies in between."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from developers.models import AuditEntry, Delivery, Destination, Environment, Event, Recovery
from developers.states import DeliveryState, RecoveryState
from developers.webhooks import destinations, resend
from terra_portal import clock
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.developers import backlog
from tests.threads import run_together

HOUR = timedelta(hours=1)


@pytest.fixture
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resend, "BATCH", 2)


def an_hour_ago() -> Any:
    return clock.now() - HOUR


def given_up(to: Destination, count: int, **extra: Any) -> list[Delivery]:
    return [backlog.delivery(to, **extra) for _ in range(count)]


def due() -> set[Any]:
    rows = Delivery.objects.filter(state=DeliveryState.DUE, round_count=0, finished_at=None)
    return set(rows.values_list("pk", flat=True))


def stands(recovery: Recovery) -> tuple[RecoveryState, int, int]:
    recovery.refresh_from_db()
    return RecoveryState(recovery.state), recovery.done, recovery.total


def test_sends_again_what_was_given_up_since(environment: Environment, two_at_a_time: None) -> None:
    one, other = backlog.target(environment), backlog.target(environment)
    failed = given_up(one, 3) + given_up(other, 2)
    given_up(one, 1, age=2 * HOUR)
    for state in set(DeliveryState) - {DeliveryState.EXHAUSTED, DeliveryState.DUE}:
        backlog.delivery(one, state)
    by = cast.person()
    recovery = resend.recover(environment, since=an_hour_ago(), by=by)
    assert stands(recovery) == (RecoveryState.RUNNING, 0, 5)
    resend.carry_on(recovery.pk)
    assert due() == {row.pk for row in failed}
    assert stands(recovery) == (RecoveryState.DONE, 5, 5)
    assert recovery.finished_at is not None
    entry = AuditEntry.objects.get(action="recovery.started")
    assert (entry.environment, entry.actor) == (environment, by)


def test_of_one_destination_alone(environment: Environment) -> None:
    one, other = backlog.target(environment), backlog.target(environment)
    (wanted,), _ = given_up(one, 1), given_up(other, 1)
    recovery = resend.recover(environment, since=an_hour_ago(), destination=one)
    resend.carry_on(recovery.pk)
    assert due() == {wanted.pk}
    assert stands(recovery) == (RecoveryState.DONE, 1, 1)


def test_another_environment_is_not_touched(environment: Environment) -> None:
    elsewhere = cast.company("B").environments["testing"]
    (theirs,) = given_up(backlog.target(elsewhere), 1)
    recovery = resend.recover(environment, since=an_hour_ago())
    resend.carry_on(recovery.pk)
    assert stands(recovery) == (RecoveryState.DONE, 0, 0)
    assert backlog.state(theirs) == DeliveryState.EXHAUSTED
    with pytest.raises(InvalidInputError, match="no such destination"):
        resend.recover(environment, since=an_hour_ago(), destination=theirs.destination)


def test_what_is_erased_or_has_arrived_meanwhile_is_left_out(environment: Environment) -> None:
    erased, arrived, failed = given_up(backlog.target(environment), 3)
    recovery = resend.recover(environment, since=an_hour_ago())
    Event.objects.filter(pk=erased.event_id).update(body="", erased_at=clock.now())
    Delivery.objects.filter(pk=arrived.pk).update(state=DeliveryState.DELIVERED)
    resend.carry_on(recovery.pk)
    assert due() == {failed.pk}
    assert stands(recovery) == (RecoveryState.DONE, 1, 3)


def test_what_is_given_up_anew_is_not_taken_twice(environment: Environment) -> None:
    (failed,) = given_up(backlog.target(environment), 1)
    recovery = resend.recover(environment, since=an_hour_ago())
    Delivery.objects.filter(pk=failed.pk).update(finished_at=clock.now())
    resend.carry_on(recovery.pk)
    assert stands(recovery) == (RecoveryState.DONE, 0, 1)


def test_is_held_where_the_destination_is_paused(environment: Environment) -> None:
    to = backlog.target(environment)
    (failed,) = given_up(to, 1)
    destinations.pause(to)
    resend.carry_on(resend.recover(environment, since=an_hour_ago()).pk)
    assert backlog.state(failed) == DeliveryState.HELD


def test_a_removed_destination_ends_it(environment: Environment) -> None:
    to = backlog.target(environment)
    (failed,) = given_up(to, 1)
    recovery = resend.recover(environment, since=an_hour_ago(), destination=to)
    destinations.remove(to)
    resend.carry_on(recovery.pk)
    assert stands(recovery) == (RecoveryState.DONE, 0, 1)
    assert backlog.state(failed) == DeliveryState.EXHAUSTED
    with pytest.raises(InvalidInputError, match="no such destination"):
        resend.recover(environment, since=an_hour_ago(), destination=to)


def test_a_time_to_come_is_refused(environment: Environment) -> None:
    with pytest.raises(InvalidInputError, match="time that has passed"):
        resend.recover(environment, since=clock.now() + HOUR)


def test_a_crash_between_batches_loses_and_repeats_nothing(
    environment: Environment, two_at_a_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = given_up(backlog.target(environment), 5)
    recovery = resend.recover(environment, since=an_hour_ago())
    monkeypatch.setattr(resend, "RUN_SECONDS", -1.0)
    resend.carry_on(recovery.pk)
    assert stands(recovery) == (RecoveryState.RUNNING, 2, 5)
    first = due()
    Delivery.objects.filter(pk__in=first).update(state=DeliveryState.DELIVERED)
    resend.sweep()
    assert stands(recovery) == (RecoveryState.RUNNING, 2, 5), "its worker may still live"
    monkeypatch.setattr(clock, "now", lambda now=clock.now: now() + resend.LEASE)
    for _ in range(4):
        resend.sweep()
        Recovery.objects.update(due_at=clock.now())
    assert stands(recovery) == (RecoveryState.DONE, 5, 5)
    assert due() == {row.pk for row in failed} - first


@pytest.mark.django_db(transaction=True)
def test_two_workers_share_one_recovery(environment: Environment, two_at_a_time: None) -> None:
    failed = given_up(backlog.target(environment), 11)
    recovery = resend.recover(environment, since=an_hour_ago())
    results = run_together(*[lambda: resend.carry_on(recovery.pk)] * 2)
    assert results == [None, None]
    assert stands(recovery) == (RecoveryState.DONE, 11, 11)
    assert due() == {row.pk for row in failed}


@pytest.mark.django_db(transaction=True)
def test_two_recoveries_at_once_send_each_delivery_once(
    environment: Environment, two_at_a_time: None
) -> None:
    failed = given_up(backlog.target(environment), 6) + given_up(backlog.target(environment), 5)
    one, other = (resend.recover(environment, since=an_hour_ago()) for _ in range(2))
    results = run_together(lambda: resend.carry_on(one.pk), lambda: resend.carry_on(other.pk))
    assert results == [None, None]
    for recovery in (one, other):
        Recovery.objects.filter(pk=recovery.pk).update(due_at=clock.now())
        resend.sweep()
    assert stands(one)[0] == stands(other)[0] == RecoveryState.DONE
    assert one.done + other.done == 11
    assert due() == {row.pk for row in failed}


@pytest.mark.parametrize("count", [4, 40])
def test_a_batch_costs_the_same_however_much_has_failed(
    environment: Environment, two_at_a_time: None, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    given_up(backlog.target(environment), count)
    recovery = resend.recover(environment, since=an_hour_ago())
    monkeypatch.setattr(resend, "RUN_SECONDS", -1.0)
    with CaptureQueriesContext(database) as queries:
        resend.carry_on(recovery.pk)
    selects = [query["sql"] for query in queries if query["sql"].startswith("SELECT")]
    assert all("LIMIT" in sql for sql in selects if "JOIN" in sql and "delivery" in sql)
    assert len(queries) == 11
