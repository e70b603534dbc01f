"""Payloads are erased in time; what was sent, when and how stays."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from developers.models import Attempt, Delivery, Environment, Event
from developers.states import DeliveryState
from developers.webhooks import retention
from terra_portal import clock
from tests import cast
from tests.developers import backlog
from tests.threads import run_together

DAY = timedelta(days=1)


def erased() -> set[object]:
    return set(Event.objects.filter(body="", erased_at__isnull=False).values_list("pk", flat=True))


def test_erases_the_payload_and_keeps_the_rest(environment: Environment) -> None:
    subject = uuid4()
    old = backlog.event(environment, age=15 * DAY, reference_id="Ada", subject_id=subject)
    young = backlog.event(environment, age=13 * DAY, reference_id="Ada")
    made = backlog.delivery(backlog.target(environment), DeliveryState.DELIVERED, of=old)
    backlog.attempt(made, status=200, took=12, response_excerpt="hello Ada", error="")
    assert retention.erase() == 1
    old.refresh_from_db()
    assert (old.body, old.reference_id, old.subject_id) == ("", "", subject)
    assert old.erased_at is not None
    young.refresh_from_db()
    assert (young.reference_id, young.erased_at) == ("Ada", None)
    kept = Attempt.objects.get()
    assert (kept.status_code, kept.duration_ms, kept.response_excerpt) == (200, 12, "")
    assert backlog.state(made) == DeliveryState.DELIVERED
    assert retention.erase() == 0


def test_each_environment_has_its_own_days(environment: Environment) -> None:
    short = cast.company("B").environments["testing"]
    Environment.objects.filter(pk=short.pk).update(payload_days=2)
    Environment.objects.filter(pk=environment.pk).update(payload_days=90)
    gone = backlog.event(short, age=3 * DAY)
    backlog.event(short, age=1 * DAY)
    backlog.event(environment, age=89 * DAY)
    assert retention.erase() == 1
    assert erased() == {gone.pk}


@pytest.mark.parametrize("state", ["due", "held"])
def test_what_was_not_delivered_by_then_is_given_up(environment: Environment, state: str) -> None:
    made = backlog.delivery(backlog.target(environment), DeliveryState(state), age=15 * DAY)
    retention.erase()
    made.refresh_from_db()
    assert made.state == DeliveryState.EXHAUSTED
    assert made.finished_at is not None


def test_what_is_being_sent_waits_for_the_next_time(environment: Environment) -> None:
    to = backlog.target(environment)
    soon = clock.now() + timedelta(seconds=60)
    made = backlog.delivery(to, DeliveryState.CLAIMED, age=15 * DAY, claim=uuid4(), due_at=soon)
    other = backlog.delivery(backlog.target(environment), DeliveryState.HELD, of=made.event)
    assert retention.erase() == 0
    assert backlog.state(made) == DeliveryState.CLAIMED
    assert backlog.state(other) == DeliveryState.HELD
    Delivery.objects.filter(pk=made.pk).update(due_at=clock.now())
    assert retention.erase() == 1
    assert backlog.state(made) == DeliveryState.EXHAUSTED


def test_goes_by_batches_past_what_it_must_leave(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    to, soon = backlog.target(environment), clock.now() + timedelta(seconds=60)
    same = clock.now() - 20 * DAY
    for _ in range(3):
        backlog.delivery(to, DeliveryState.CLAIMED, age=16 * DAY, claim=uuid4(), due_at=soon)
    old = {backlog.event(environment, age=15 * DAY).pk for _ in range(3)}
    Event.objects.filter(pk__in=old).update(occurred_at=same)
    assert retention.erase() == 3
    assert erased() == old


@pytest.mark.django_db(transaction=True)
def test_two_at_once_erase_each_payload_once(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    old = {backlog.event(environment, age=15 * DAY).pk for _ in range(20)}
    results = run_together(retention.erase, retention.erase)
    assert sum(results) + retention.erase() == 20
    assert erased() == old


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_another_one_holds_is_not_waited_for(environment: Environment) -> None:
    made = backlog.delivery(backlog.target(environment), DeliveryState.HELD, age=15 * DAY)
    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=made.pk)
        assert run_together(retention.erase) == [0]
    assert retention.erase() == 1
