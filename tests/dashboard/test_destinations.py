"""The pages of destinations: the list, a new one, one of them, and its switches."""

import html
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Attempt, Delivery, Destination, Event
from developers.states import (
    DeliveryState,
    DestinationState,
    EventType,
    Role,
    StoppedBecause,
)
from developers.webhooks import destinations, extra_headers
from terra_portal import clock
from tests.dashboard.scene import Side

URL = "https://hooks.a.example/wearables"
GIVEN: dict[str, Any] = {
    "url": URL,
    "event_types": ["access_revoked", "auth"],
    "deadline_seconds": "8",
}


def destination(side: Side, url: str = URL) -> Destination:
    return destinations.add(side.environment, url, by=side.owner)[0]


def delivery(to: Destination, **extra: Any) -> Delivery:
    event = Event.objects.create(environment=to.environment, type=EventType.AUTH, body="{}")
    extra = {"round_count": extra.get("attempt_count", 0)} | extra
    return Delivery.objects.create(environment=to.environment, event=event, destination=to, **extra)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        delivery(destination(a, f"{URL}/{number}"))
    with django_assert_num_queries(7):
        answer = a.client.get(a.url("destinations/"))
    assert len(answer.context["rows"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    to = destination(a)
    for _ in range(count):
        tried = delivery(to, attempt_count=1)
        Attempt.objects.create(delivery=tried, number=1, duration_ms=7, status_code=500)
    with django_assert_num_queries(11):
        answer = a.client.get(a.url(f"destinations/{to.id}/"))
    assert len(answer.context["rows"]) == count


def test_the_list_counts_what_came_of_the_last_seven_days(a: Side) -> None:
    to, now = destination(a), clock.now()
    for _ in range(3):
        delivery(to, state=DeliveryState.DELIVERED, attempt_count=1)
    delivery(to, state=DeliveryState.EXHAUSTED, attempt_count=10)
    delivery(to, attempt_count=1)
    delivery(to)
    before = now - timedelta(days=8)
    delivery(to, state=DeliveryState.DELIVERED, attempt_count=1, created_at=before)
    delivery(to, state=DeliveryState.HELD, attempt_count=1, created_at=before)
    Destination.objects.update(last_success_at=now)
    ((row, health, host, path),) = a.client.get(a.url("destinations/")).context["rows"]
    assert (host, path) == ("hooks.a.example", "/wearables")
    assert (health.arrived, health.given_up, health.retrying) == (3, 1, 1)
    assert (health.tried, health.rate, health.waiting) == (5, "60 %", 3)
    assert row.last_success_at == now


def test_a_rate_is_never_rounded_up_to_all(a: Side) -> None:
    to = destination(a)
    for _ in range(200):
        delivery(to, state=DeliveryState.DELIVERED, attempt_count=1)
    delivery(to, state=DeliveryState.EXHAUSTED, attempt_count=10)
    ((_, health, _, _),) = a.client.get(a.url("destinations/")).context["rows"]
    assert (health.rate, health.tried) == ("99 %", 201)


def test_says_in_words_why_nothing_arrives(a: Side) -> None:
    to, since = destination(a), clock.now() - timedelta(days=2)
    pages = ("destinations/", f"destinations/{to.id}/")

    def shown() -> list[str]:
        return [a.client.get(a.url(page)).content.decode() for page in pages]

    assert not [page for page in shown() if "Nothing but failures" in page]
    Destination.objects.update(failing_since=since)
    both = shown()
    assert ">Failing</span>" in both[0]
    assert "nothing but failures since <time" in both[0]
    assert "Nothing but failures since <time" in both[1]
    destinations.stop(to, StoppedBecause.GONE)
    both = shown()
    assert ">Disabled</span>" in both[0]
    assert "it answered 410 Gone, <time" in both[0]
    assert "Disabled: nothing is sent." in both[1]
    assert "It answered 410 Gone, <time" in both[1]


def test_adds_one_and_shows_its_secret_once(a: Side) -> None:
    given = GIVEN | {"headers": "Authorization: Bearer s3cret", "deadline_seconds": "20"}
    answer = a.client.post(a.url("destinations/new/"), given)
    made = Destination.objects.get()
    assert (made.environment, made.url) == (a.environment, URL)
    assert made.event_types == ["access_revoked", "auth"]
    assert extra_headers.of(made) == {"Authorization": "Bearer s3cret"}
    assert made.deadline_seconds == 20
    secret = answer.context["secret"]
    assert secret == made.signing_secret
    assert answer.content.decode().count(html.escape(secret)) == 1
    assert "no-store" in answer["Cache-Control"]
    for path in ("destinations/", f"destinations/{made.id}/", "destinations/new/", "audit/"):
        assert html.escape(secret) not in a.client.get(a.url(path)).content.decode()


@pytest.mark.parametrize("url", ["", "ftp://a.example/x", "hooks", "https://", "data:,x"])
def test_refuses_an_address_that_cannot_be_and_keeps_what_was_typed(a: Side, url: str) -> None:
    answer = a.client.post(a.url("destinations/new/"), GIVEN | {"url": url})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert form.errors["url"]
    assert (form["url"].value(), form["event_types"].value()) == (url, GIVEN["event_types"])
    assert Destination.objects.count() == 0


UNFIT: list[tuple[str, dict[str, Any]]] = [
    ("event_types", {"event_types": ["rain"]}),
    ("event_types", {"event_types": []}),
    ("headers", {"headers": "no colon here"}),
    ("headers", {"headers": "X-A: 1\nX-A: 2"}),
    ("headers", {"headers": "Content-Type: text/plain"}),
    ("headers", {"headers": "X-A: Grüße"}),
    ("headers", {"headers": "X-A: ••••••••"}),
    ("headers", {"headers": "X" * 10_001}),
    ("deadline_seconds", {"deadline_seconds": ""}),
    ("deadline_seconds", {"deadline_seconds": "0"}),
    ("deadline_seconds", {"deadline_seconds": "31"}),
    ("deadline_seconds", {"deadline_seconds": "soon"}),
]


@pytest.mark.parametrize(("field", "given"), UNFIT)
def test_refuses_other_unfit_input_at_its_field(a: Side, field: str, given: dict[str, Any]) -> None:
    answer = a.client.post(a.url("destinations/new/"), GIVEN | given)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Destination.objects.count() == 0


def test_every_type_is_chosen_at_first_and_means_those_of_later_versions(a: Side) -> None:
    form = a.client.get(a.url("destinations/new/")).context["form"]
    assert form["event_types"].value() == EventType.values
    a.client.post(a.url("destinations/new/"), GIVEN | {"event_types": EventType.values})
    assert Destination.objects.get().event_types == []


def test_shows_state_attempts_and_last_answer_of_each_delivery(a: Side) -> None:
    to = destination(a)
    tried = delivery(to, attempt_count=2)
    Attempt.objects.create(delivery=tried, number=1, duration_ms=9, error="timed out")
    Attempt.objects.create(delivery=tried, number=2, duration_ms=7, status_code=503)
    answer = a.client.get(a.url(f"destinations/{to.id}/"))
    (row,) = answer.context["rows"]
    assert (row.attempt_count, row.last_status, row.last_error) == (2, 503, "")
    page = answer.content.decode()
    assert ">Retrying</span>" in page
    assert '<span class="http bad">503</span>' in page


def test_draws_how_sending_goes_and_leaves_it_out_of_an_update(a: Side) -> None:
    to = destination(a)
    tried = delivery(to, attempt_count=1)
    Attempt.objects.create(delivery=tried, number=1, duration_ms=9, status_code=200)
    page = a.url(f"destinations/{to.id}/")
    assert a.client.get(page).content.decode().count("Sending in the last 7 days") == 1
    update = a.client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "Sending in the last" not in update
    assert "<code>auth</code>" in update


def test_pauses_and_enables(a: Side) -> None:
    to = destination(a)
    waiting = delivery(to)
    answer = a.client.post(a.url(f"destinations/{to.id}/pause/"), follow=True)
    assert "Paused: nothing is sent." in answer.content.decode()
    to.refresh_from_db()
    assert to.state == DestinationState.PAUSED
    a.client.post(a.url(f"destinations/{to.id}/enable/"))
    to.refresh_from_db()
    waiting.refresh_from_db()
    assert (to.state, waiting.state) == (DestinationState.ENABLED, DeliveryState.DUE)


@pytest.mark.parametrize("verb", ["pause", "enable"])
def test_switches_only_by_post(a: Side, verb: str) -> None:
    to = destination(a)
    assert a.client.get(a.url(f"destinations/{to.id}/{verb}/")).status_code == 405


def test_asks_before_it_removes(a: Side) -> None:
    to = destination(a)
    url = a.url(f"destinations/{to.id}/remove/")
    assert "Remove this destination?" in a.client.get(url).content.decode()
    assert len(a.client.get(a.url("destinations/")).context["rows"]) == 1
    a.client.post(url)
    to.refresh_from_db()
    assert to.removed_at is not None
    assert a.client.get(a.url("destinations/")).context["rows"] == []
    assert a.client.get(a.url(f"destinations/{to.id}/")).status_code == 404
    assert a.client.post(url).status_code == 404


def test_anothers_destination_does_not_exist(a: Side, b: Side) -> None:
    theirs = destination(b)
    assert a.client.get(a.url("destinations/")).context["rows"] == []
    assert a.client.get(a.url(f"destinations/{theirs.id}/")).status_code == 404
    for verb in ("pause", "enable", "remove", "example", "rotate", "settings"):
        assert a.client.post(a.url(f"destinations/{theirs.id}/{verb}/")).status_code == 404
    theirs.refresh_from_db()
    assert (theirs.state, theirs.removed_at) == (DestinationState.ENABLED, None)


def test_viewers_read_and_change_nothing(a: Side) -> None:
    to = destination(a)
    viewer = a.colleague(Role.VIEWER)
    page = viewer.get(a.url(f"destinations/{to.id}/")).content.decode()
    assert URL in page
    assert "Remove…" not in page
    assert ">Pause</button>" not in page
    assert viewer.post(a.url("destinations/new/"), {"url": URL}).status_code == 403
    for verb in ("pause", "enable", "remove", "example", "rotate", "settings"):
        assert viewer.post(a.url(f"destinations/{to.id}/{verb}/")).status_code == 403
    to.refresh_from_db()
    assert (to.state, to.removed_at) == (DestinationState.ENABLED, None)


def test_an_environment_has_so_many_and_no_more(a: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "MOST", 1)
    destination(a)
    answer = a.client.post(a.url("destinations/new/"), GIVEN)
    assert answer.status_code == 422
    assert "An environment has at most 1. Remove one that" in answer.content.decode()
    assert answer.context["form"]["url"].value() == URL
    assert Destination.objects.count() == 1
