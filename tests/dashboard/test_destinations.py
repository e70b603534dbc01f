import hashlib
import hmac
import html
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Attempt, Delivery, Destination, Event
from developers.states import DeliveryState, DestinationState, EventType, Role
from developers.webhooks import destinations
from terra_portal import clock
from tests.dashboard.scene import Side

URL = "https://hooks.a.example/wearables"


def destination(side: Side, url: str = URL) -> Destination:
    return destinations.add(side.environment, url, by=side.owner)[0]


def delivery(to: Destination, **extra: Any) -> Delivery:
    event = Event.objects.create(environment=to.environment, type=EventType.AUTH, body="{}")
    return Delivery.objects.create(environment=to.environment, event=event, destination=to, **extra)


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        delivery(destination(a, f"{URL}/{number}"))
    with django_assert_num_queries(5):
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
    with django_assert_num_queries(6):
        answer = a.client.get(a.url(f"destinations/{to.id}/"))
    assert len(answer.context["rows"]) == count


def test_the_list_counts_what_came_of_the_last_seven_days(a: Side) -> None:
    to = destination(a)
    now = clock.now()
    delivery(to, state=DeliveryState.DELIVERED, finished_at=now)
    delivery(to, state=DeliveryState.DELIVERED, finished_at=now)
    delivery(to, state=DeliveryState.EXHAUSTED, finished_at=now)
    delivery(to)
    delivery(to, state=DeliveryState.HELD)
    before = now - timedelta(days=8)
    delivery(to, state=DeliveryState.DELIVERED, finished_at=before, created_at=before)
    ((row, host, path),) = a.client.get(a.url("destinations/")).context["rows"]
    assert (host, path) == ("hooks.a.example", "/wearables")
    assert (row.delivered, row.given_up, row.pending) == (2, 1, 2)
    assert row.delivered_last == now


def test_adds_one_and_shows_its_secret_once(a: Side) -> None:
    given = {"url": URL, "event_types": ["access_revoked", "auth"]}
    answer = a.client.post(a.url("destinations/new/"), given)
    made = Destination.objects.get()
    assert (made.environment, made.url) == (a.environment, URL)
    assert made.event_types == ["access_revoked", "auth"]
    secret = answer.context["secret"]
    assert secret == made.signing_secret
    assert answer.content.decode().count(html.escape(secret)) == 1
    assert "no-store" in answer["Cache-Control"]
    for path in ("destinations/", f"destinations/{made.id}/", "destinations/new/", "audit/"):
        assert html.escape(secret) not in a.client.get(a.url(path)).content.decode()


@pytest.mark.parametrize("url", ["", "ftp://a.example/x", "hooks", "https://", "data:,x"])
def test_refuses_an_address_that_cannot_be_and_keeps_what_was_typed(a: Side, url: str) -> None:
    answer = a.client.post(a.url("destinations/new/"), {"url": url, "event_types": ["auth"]})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert form.errors["url"]
    assert (form["url"].value(), form["event_types"].value()) == (url, ["auth"])
    assert Destination.objects.count() == 0


def test_refuses_a_type_that_does_not_exist(a: Side) -> None:
    answer = a.client.post(a.url("destinations/new/"), {"url": URL, "event_types": ["rain"]})
    assert answer.status_code == 422
    assert answer.context["form"].errors["event_types"]


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
    for verb in ("pause", "enable", "remove"):
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
    for verb in ("pause", "enable", "remove"):
        assert viewer.post(a.url(f"destinations/{to.id}/{verb}/")).status_code == 403
    to.refresh_from_db()
    assert (to.state, to.removed_at) == (DestinationState.ENABLED, None)


def test_the_code_that_it_offers_verifies(a: Side) -> None:
    page = a.client.get(a.url(f"destinations/{destination(a).id}/")).content.decode()
    (offered,) = re.findall(r"<pre tabindex=\"0\">(import .*?)</pre>", page, re.DOTALL)
    written: dict[str, Any] = {}
    exec(html.unescape(offered), written)
    genuine, body, secret = written["genuine"], b'{"type": "auth"}', "whsec_c2VjcmV0"

    def signed(at: int) -> str:
        digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={at},v1={digest}"

    now = int(time.time())
    assert genuine(body, signed(now), secret) is True
    assert genuine(body + b" ", signed(now), secret) is False
    assert genuine(body, signed(now), "whsec_b3RoZXI=") is False
    assert genuine(body, signed(now - 600), secret) is False
    for garbage in ("", "t=,v1=", "nonsense", f"t={now}", "t=٣,v1=é"):
        assert genuine(body, garbage, secret) is False
