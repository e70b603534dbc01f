"""The list of events: its filters, its pages, and the charts above it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Event
from developers.states import DeliveryState, EventType
from tests.dashboard.scene import Side
from tests.developers import backlog, outbox


def listed(side: Side, query: str = "") -> list[Event]:
    return list(side.client.get(side.url(f"events/{query}")).context["rows"])


def event(side: Side, **extra: Any) -> Event:
    return backlog.event(side.environment, **extra)


def sent(side: Side, state: DeliveryState, *, of: Event | None = None) -> Event:
    return backlog.delivery(backlog.target(side.environment), state, of=of).event


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        made = backlog.delivery(backlog.target(a.environment), DeliveryState.DELIVERED)
        backlog.attempt(made, status=200)
    with django_assert_num_queries(9):
        answer = a.client.get(a.url("events/"))
    assert len(answer.context["rows"]) == count
    with django_assert_num_queries(6):
        a.client.get(a.url("events/?outcome=delivered"), headers={"HX-Request": "true"})


def test_is_narrowed_to_a_type(a: Side) -> None:
    connected, ended = event(a), event(a, type=EventType.ACCESS_REVOKED)
    assert listed(a) == [ended, connected]
    assert listed(a, "?type=access_revoked") == [ended]


def test_is_narrowed_to_a_user_and_to_a_reference(a: Side) -> None:
    person = uuid4()
    found = event(a, subject_id=person, reference_id="Ada")
    event(a, subject_id=uuid4(), reference_id="Bob")
    assert listed(a, f"?user_id={person}") == [found]
    assert listed(a, "?reference_id=Ada") == [found]
    assert listed(a, f"?reference_id=Bob&user_id={person}") == []


def test_is_narrowed_to_days(a: Side) -> None:
    old, new = event(a, age=timedelta(days=5)), event(a)
    day = old.occurred_at.date()
    assert listed(a, f"?since={day}&until={day}") == [old]
    assert listed(a, f"?since={day + timedelta(days=1)}") == [new]


@pytest.mark.parametrize(
    ("outcome", "states"),
    [
        ("delivered", {"delivered"}),
        ("failed", {"exhausted"}),
        ("waiting", {"due", "claimed"}),
        ("held", {"held"}),
    ],
)
def test_is_narrowed_to_an_outcome(a: Side, outcome: str, states: set[str]) -> None:
    event(a)
    by_state = {state.value: sent(a, state) for state in DeliveryState}
    expected = {by_state[state].pk for state in states}
    assert {row.pk for row in listed(a, f"?outcome={outcome}")} == expected


def test_is_narrowed_to_what_nobody_wanted(a: Side) -> None:
    lonely = outbox.happened(a.environment)
    sent(a, DeliveryState.DELIVERED)
    wanted = outbox.happened(a.environment)
    assert listed(a, "?outcome=none") == [lonely]
    assert listed(a, "?outcome=waiting") == [wanted]


def test_one_of_several_destinations_is_enough(a: Side) -> None:
    mixed = sent(a, DeliveryState.DELIVERED)
    sent(a, DeliveryState.EXHAUSTED, of=mixed)
    assert listed(a, "?outcome=failed") == [mixed]
    assert listed(a, "?outcome=delivered") == [mixed]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("type=rain", "Type: There is no such type of event."),
        ("outcome=rain", "Outcome: There is no such outcome."),
        ("user_id=Ada", "user_id: Paste a whole user_id, like the ones in the list."),
        ("since=yesterday", "From: Write the day as 2026-11-24."),
        ("since=2026-11-24&until=2026-11-23", "To: This day is before the first one."),
        ("reference_id=%00", "reference_id: Null characters are not allowed."),
        ("reference_id=" + "x" * 513, "reference_id: Ensure this value has at most 512"),
    ],
)
def test_a_value_that_does_not_fit_shows_nothing_and_says_why(
    a: Side, query: str, sentence: str
) -> None:
    event(a)
    answer = a.client.get(a.url(f"events/?{query}"))
    assert answer.context["rows"] == []
    assert sentence in answer.content.decode()


def test_filters_stay_in_the_links_and_can_be_taken_back(a: Side) -> None:
    for _ in range(51):
        event(a, reference_id="Ada")
    first = a.client.get(a.url("events/?type=auth&reference_id=Ada"))
    assert len(first.context["rows"]) == 50
    onward = first.context["links"].next_url
    assert onward.startswith("?type=auth&reference_id=Ada&page=")
    older = a.client.get(a.url("events/") + onward)
    assert len(older.context["rows"]) == 1
    chips = {chip.label: chip.url for chip in older.context["form"].chips}
    assert chips == {"auth": "?reference_id=Ada", "Ada": "?type=auth"}


def test_htmx_gets_the_list_alone(a: Side) -> None:
    backlog.attempt(backlog.delivery(backlog.target(a.environment)))
    part = a.client.get(a.url("events/"), headers={"HX-Request": "true"}).content.decode()
    assert "<table" in part
    assert "<html" not in part
    assert '<svg class="plot' not in part


def test_pages_older_events_by_key(a: Side) -> None:
    made = [event(a) for _ in range(51)]
    first = a.client.get(a.url("events/"))
    older = a.client.get(a.url("events/") + first.context["links"].next_url)
    assert older.context["rows"] == [made[0]]


def test_shows_how_sending_goes(a: Side, b: Side) -> None:
    assert "Sending in the last" not in a.client.get(a.url("events/")).content.decode()
    ours = backlog.delivery(backlog.target(a.environment))
    backlog.attempt(ours, status=200, took=123)
    backlog.attempt(ours, status=500, took=123)
    backlog.attempt(backlog.delivery(backlog.target(b.environment)), status=200)
    week = a.client.get(a.url("events/?type=auth")).content.decode()
    assert "Sending in the last 7 days" in week
    assert "50% of 2 attempts arrived" in week
    assert "Half take up to 123 ms, 95% up to 123 ms" in week
    assert 'href="?type=auth&amp;days=30"' in week
    month = a.client.get(a.url("events/?days=30")).content.decode()
    assert "Sending in the last 30 days" in month


def test_anothers_events_are_not_listed(a: Side, b: Side) -> None:
    person = uuid4()
    event(b, subject_id=person, reference_id="Ada")
    sent(b, DeliveryState.EXHAUSTED)
    for query in ("", f"?user_id={person}", "?reference_id=Ada", "?outcome=failed"):
        assert listed(a, query) == []


@pytest.mark.parametrize(("tries", "word"), [(10, "Retrying"), (0, "Waiting")])
def test_says_the_same_of_a_delivery_on_every_page(a: Side, tries: int, word: str) -> None:
    """What failed is retried; what somebody sends again after that waits like any other."""
    to = backlog.target(a.environment)
    made = backlog.delivery(to, DeliveryState.DUE, round_count=tries)
    for page in ("events/", f"events/{made.event_id}/", f"destinations/{to.pk}/"):
        shown = a.client.get(a.url(page)).content.decode()
        assert [each for each in ("Retrying", "Waiting") if f">{each}</span>" in shown] == [word]
    health = a.client.get(a.url("destinations/")).context["rows"][0][1]
    assert (health.waiting, health.retrying) == (1, int(tries > 0))
