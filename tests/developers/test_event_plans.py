"""What the lists, the figures and the erasing read: little, however many events there are."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection as database
from django.db.models import QuerySet
from django.http import QueryDict

from developers.dashboard.event_filter import EventFilter
from developers.models import Attempt, Delivery, Destination, Environment, Event
from developers.states import DeliveryState, DestinationState, EventType
from developers.webhooks import examples, figures, resend, settle
from terra_portal import clock
from tests import cast
from tests.developers import backlog

MANY = 4000
RARE = 4
SHOWN = 51
UNWANTED = 6
SOMEBODY = UUID(int=7)


@pytest.fixture
def crowd(environment: Environment) -> Destination:
    """Thousands of events, delivered, of two environments; a few given up, held or of one user."""
    to = backlog.target(environment)
    other = backlog.target(cast.company("B").environments["testing"])
    now = clock.now()
    for target in (to, other):
        here = target.environment
        events = [
            Event(
                environment=here,
                type=EventType.DEAUTH if number % 1000 == 0 else EventType.AUTH,
                subject_id=SOMEBODY if number % 1000 == 1 and target is to else uuid4(),
                reference_id="Ada" if number % 1000 == 2 else f"person {number}",
                body="{}",
                occurred_at=now - timedelta(minutes=number),
                erased_at=None if number < MANY / 2 else now,
                is_unwanted=number % 1000 == UNWANTED,
            )
            for number in range(MANY)
        ]
        Event.objects.bulk_create(events)
        Delivery.objects.bulk_create(
            Delivery(
                environment=here,
                event=event,
                destination=target,
                state=_state(number),
                created_at=event.occurred_at,
                finished_at=event.occurred_at,
            )
            for number, event in enumerate(events)
            if not event.is_unwanted
        )
    Attempt.objects.bulk_create(
        Attempt(delivery_id=pk, number=1, status_code=200, duration_ms=1)
        for pk in Delivery.objects.values_list("pk", flat=True)
    )
    analyze()
    return to


def analyze() -> None:
    with database.cursor() as cursor:
        cursor.execute("ANALYZE developers_event, developers_delivery, developers_attempt")


def _state(number: int) -> DeliveryState:
    rare = {3: DeliveryState.EXHAUSTED, 4: DeliveryState.HELD, 5: DeliveryState.DUE}
    return rare.get(number % 1000, DeliveryState.DELIVERED)


def reading(rows: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """Every step of the executed plan that reads events or deliveries."""
    (plan,) = json.loads(rows.explain(format="json", analyze=True, buffers=True))
    tables = {model._meta.db_table for model in (Event, Delivery, Attempt)}
    return [
        step
        for step in steps(plan["Plan"])
        if step.get("Relation Name") in tables or step["Node Type"] == "Bitmap Index Scan"
    ]


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from steps(child)


def assert_reads_little(rows: QuerySet[Any, Any], index: str, *, most: int) -> None:
    found = reading(rows)
    used = {str(step.get("Index Name")) for step in found}
    assert any(name.startswith(index) for name in used), used
    for step in found:
        assert step["Node Type"] != "Seq Scan", step
        read = (step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) * step["Actual Loops"]
        assert read <= most, step


@pytest.mark.parametrize(
    ("filters", "index", "count"),
    [
        ("", "event_listed", SHOWN),
        ("type=deauth", "event_by_type", RARE),
        (f"user_id={SOMEBODY}", "event_by_user", RARE),
        ("reference_id=Ada", "event_by_reference", RARE),
        ("outcome=delivered", "event_listed", SHOWN),
        ("outcome=failed", "delivery_", RARE),
        ("outcome=held", "delivery_", RARE),
        ("outcome=waiting", "delivery_", RARE),
        ("outcome=none", "event_unwanted", RARE),
        ("type=auth&outcome=failed", "delivery_", RARE),
        ("type=auth&outcome=none", "event_unwanted", RARE),
        ("since=2020-01-01&outcome=delivered", "event_listed", SHOWN),
    ],
)
def test_each_filter_has_its_index(
    crowd: Destination, filters: str, index: str, count: int
) -> None:
    found = EventFilter(QueryDict(filters)).narrow(crowd.environment)
    page = found.order_by("-occurred_at", "-pk")[:SHOWN]
    assert len(page) == count
    assert_reads_little(page, index, most=2 * SHOWN)


def test_what_was_given_up_is_found_by_its_index(crowd: Destination) -> None:
    since = clock.now() - timedelta(days=30)
    given_up = resend.given_up(crowd.environment, since=since)
    assert given_up.count() == RARE
    assert_reads_little(given_up, "delivery_by_state", most=RARE)
    recovery = resend.recover(crowd.environment, since=since)
    batch = resend._open(recovery, crowd.pk).order_by("-created_at", "-pk")[: resend.BATCH]
    assert_reads_little(batch, "delivery_by_state", most=RARE)


def test_what_is_to_be_erased_is_found_by_its_index(crowd: Destination) -> None:
    before = clock.now() - timedelta(minutes=MANY / 2 - 3.5)
    old = Event.objects.filter(
        environment=crowd.environment, erased_at=None, occurred_at__lt=before
    )
    rows = old.order_by("occurred_at", "pk")[:SHOWN]
    assert len(rows) == 3
    assert_reads_little(rows, "event_to_erase", most=3)


def test_the_figures_of_a_small_environment_read_its_own_rows(crowd: Destination) -> None:
    to = backlog.target(cast.company("C").environments["testing"])
    for _ in range(RARE):
        backlog.attempt(backlog.delivery(to, DeliveryState.DELIVERED))
    analyze()
    since = clock.now() - timedelta(days=30)
    for about in (to.environment, to):
        made = figures._attempts(about, figures._newest(about, since))
        assert len(made) == RARE
        # Several indexes lead to so few rows: which one is the planner's choice.
        assert_reads_little(made, "", most=RARE)


def test_the_examples_of_the_last_minute_are_found_by_their_index(crowd: Destination) -> None:
    """However much else happened within that minute."""
    Event.objects.update(occurred_at=clock.now())
    for _ in range(RARE):
        examples.send(crowd, EventType.AUTH)
    analyze()
    sent = examples.recent(crowd, clock.now())
    assert sent.count() == RARE
    assert_reads_little(sent, "event_example", most=RARE)


@pytest.mark.parametrize(
    ("stopped", "waits"), [(True, DeliveryState.DUE), (False, DeliveryState.HELD)]
)
def test_a_batch_of_what_waits_is_found_by_its_index(
    crowd: Destination, stopped: bool, waits: DeliveryState
) -> None:
    crowd.state = DestinationState.PAUSED if stopped else DestinationState.ENABLED
    waiting, _ = settle._wanted(crowd)
    assert set(waiting.values_list("state", flat=True)) == {waits}
    # As few wait for the other destination: whether it reads over these is the planner's choice.
    assert_reads_little(waiting[: settle.BATCH], "delivery_", most=2 * RARE)
