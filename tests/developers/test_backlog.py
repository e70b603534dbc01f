"""How the sending of webhooks stands: figures for staff, a line in the log, at a flat cost."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection as database
from django.db.models import Model, QuerySet
from django.test import Client
from django.urls import reverse

from developers import tasks
from developers.models import Delivery, Destination, Environment, Event
from developers.states import DeliveryState, DestinationState, EventType, StoppedBecause
from developers.webhooks import backlog
from terra_portal import clock
from tests import cast

MANY = 3000


def destination(environment: Environment, name: str = "hook", **extra: Any) -> Destination:
    url = f"https://api.example.com/{name}?token=of-the-company"
    return Destination.objects.create(
        environment=environment, url=url, signing_secret="whsec_nobody-may-read", **extra
    )


def stopped(environment: Environment, name: str, *, ago: timedelta) -> Destination:
    return destination(
        environment,
        name,
        state=DestinationState.DISABLED,
        stopped_because=StoppedBecause.GONE,
        stopped_at=clock.now() - ago,
    )


def deliveries(
    to: Destination, count: int, *, state: DeliveryState = DeliveryState.DUE, late: timedelta
) -> None:
    """Each a second younger than the one before."""
    events = Event.objects.bulk_create(
        Event(environment=to.environment, type=EventType.AUTH, body="{}") for _ in range(count)
    )
    since = clock.now() - late
    Delivery.objects.bulk_create(
        Delivery(
            environment=to.environment,
            event=event,
            destination=to,
            state=state,
            due_at=since + timedelta(seconds=number),
        )
        for number, event in enumerate(events)
    )


def test_nothing_waits(environment: Environment) -> None:
    destination(environment)

    found = backlog.read()

    assert (found.due, found.held, found.disabled) == (0, 0, 0)
    assert found.oldest_at is None
    assert found.lateness == timedelta()
    assert not found.is_late
    assert not found.behind


def test_it_counts_what_is_due_held_and_disabled(environment: Environment) -> None:
    other = cast.company("B").environments["production"]
    here, there = destination(environment, "here"), destination(other, "there")
    deliveries(here, 2, late=timedelta(seconds=100))
    deliveries(there, 3, late=timedelta(seconds=50))
    deliveries(here, 4, late=-timedelta(hours=1))  # a retry that waits for its time
    deliveries(here, 5, state=DeliveryState.DELIVERED, late=timedelta(hours=9))
    held = stopped(other, "gone", ago=timedelta(days=1))
    deliveries(held, 2, state=DeliveryState.HELD, late=timedelta(hours=9))

    found = backlog.read()

    assert (found.due, found.held, found.disabled) == (5, 2, 1)
    assert [(row.destination, row.due) for row in found.behind] == [(there, 3), (here, 2)]
    assert found.lateness // timedelta(seconds=10) == 10
    assert found.oldest_at == found.behind[1].oldest_at
    assert [row.stopped_because for row in found.latest_disabled] == [StoppedBecause.GONE]


def test_a_claim_that_is_over_is_due_and_one_that_lives_is_not(environment: Environment) -> None:
    to = destination(environment)
    deliveries(to, 1, state=DeliveryState.CLAIMED, late=timedelta(seconds=1))
    deliveries(to, 1, state=DeliveryState.CLAIMED, late=-timedelta(seconds=60))

    assert backlog.read().due == 1


def test_destinations_that_are_removed_or_paused_are_not_disabled(
    environment: Environment,
) -> None:
    removed = stopped(environment, "removed", ago=timedelta(days=1))
    Destination.objects.filter(pk=removed.pk).update(removed_at=clock.now())
    destination(
        environment,
        "paused",
        state=DestinationState.PAUSED,
        stopped_because=StoppedBecause.PAUSED,
        stopped_at=clock.now(),
    )

    assert backlog.read().disabled == 0


def test_counting_ends_at_the_limit(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST", 3)
    to = destination(environment)
    deliveries(to, 5, late=timedelta(seconds=100))
    deliveries(to, 5, state=DeliveryState.HELD, late=timedelta(seconds=100))

    found = backlog.read()

    assert (found.due, found.held) == (3, 3)


@pytest.mark.parametrize(
    ("late", "level"), [(timedelta(minutes=4), "INFO"), (timedelta(minutes=6), "WARNING")]
)
def test_the_log_tells_in_one_line_and_warns_when_it_is_late(
    environment: Environment, caplog: pytest.LogCaptureFixture, late: timedelta, level: str
) -> None:
    to = destination(environment)
    deliveries(to, 2, late=late)
    stopped(environment, "gone", ago=timedelta(days=1))

    with caplog.at_level(logging.INFO):
        tasks.report_backlog()

    (line,) = [record for record in caplog.records if record.name == backlog.__name__]
    words = dict(word.split("=", 1) for word in line.getMessage().split()[1:])
    late_by = int(words.pop("oldest_due_seconds"))
    assert line.levelname == level
    assert late_by // 60 == late // timedelta(minutes=1)
    assert words == {
        "due": "2",
        "held": "0",
        "disabled_destinations": "1",
        "behind": f"{to.pk}:2",
    }


def test_the_line_is_written_every_minute() -> None:
    entries = settings.CELERY_BEAT_SCHEDULE.values()

    assert [
        entry["schedule"] for entry in entries if entry["task"] == tasks.report_backlog.name
    ] == [60.0]


def test_staff_see_it_in_the_admin(client: Client, environment: Environment) -> None:
    client.force_login(cast.person(is_staff=True, is_superuser=True))
    to = destination(environment, "late")
    deliveries(to, 2, late=timedelta(minutes=6))
    gone = stopped(environment, "gone", ago=timedelta(days=1))
    address = reverse("admin:developers_destination_backlog")

    page = client.get(address)

    text = page.content.decode()
    assert page.status_code == 200
    assert "Are the workers running?" in text
    assert to.url in text
    assert gone.url in text
    assert "It answered 410 Gone" in text
    assert "whsec_" not in text
    assert (
        address in client.get(reverse("admin:developers_destination_changelist")).content.decode()
    )
    assert client.post(address).status_code == 405


def test_only_staff_with_a_right_to_it_see_it(client: Client, environment: Environment) -> None:
    address = reverse("admin:developers_destination_backlog")
    client.force_login(cast.person())
    assert client.get(address).status_code == 302
    client.force_login(cast.person(is_staff=True))
    assert client.get(address).status_code == 403


@pytest.fixture
def crowd(environment: Environment) -> None:
    """Thousands of deliveries that are over, and few that wait."""
    to, held = destination(environment), stopped(environment, "gone", ago=timedelta(days=1))
    for number in range(300):
        destination(environment, f"well-{number}")
    deliveries(to, MANY, state=DeliveryState.DELIVERED, late=timedelta(days=2))
    deliveries(to, MANY, late=-timedelta(hours=1))
    deliveries(to, 3, late=timedelta(minutes=1))
    deliveries(held, 3, state=DeliveryState.HELD, late=timedelta(days=1))
    with database.cursor() as cursor:
        cursor.execute("ANALYZE developers_delivery, developers_destination")


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: backlog.due(clock.now())[:10], "delivery_due"),
        (lambda: backlog.held()[:10], "delivery_held"),
        (lambda: backlog.disabled()[:10], "destination_disabled"),
    ],
    ids=["due", "held", "disabled"],
)
def test_it_reads_no_more_than_what_waits(crowd: None, rows: Any, index: str) -> None:
    asked: QuerySet[Model] = rows()

    (plan,) = json.loads(asked.explain(format="json", analyze=True))

    (scan,) = [node for node in _nodes(plan["Plan"]) if "Relation Name" in node]
    assert scan["Index Name"] == index
    assert scan["Actual Rows"] == len(asked)
    assert scan.get("Rows Removed by Filter", 0) == 0


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)
