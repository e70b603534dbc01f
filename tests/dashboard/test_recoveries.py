"""Asking for everything that failed, confirming how many, and watching it go."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Delivery, Recovery
from developers.states import DeliveryState, RecoveryState, Role
from developers.webhooks import destinations, resend
from terra_portal import clock
from tests.dashboard.scene import Side
from tests.developers import backlog

HOUR = timedelta(hours=1)


def failed(side: Side, **extra: Any) -> Delivery:
    return backlog.delivery(backlog.target(side.environment), **extra)


def hidden(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', page)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        to = failed(a).destination
        resend.recover(a.environment, since=clock.now() - HOUR, destination=to, by=a.owner)
    with django_assert_num_queries(6):
        answer = a.client.get(a.url("recoveries/"))
    assert len(answer.context["rows"]) == count


def test_counts_first_and_begins_once_confirmed(a: Side) -> None:
    one, other = failed(a), failed(a)
    old = failed(a, age=2 * HOUR)
    asked = a.client.get(a.url("recoveries/new/?last=1h")).content.decode()
    assert "Send 2 deliveries again?" in asked
    answer = a.client.post(a.url("recoveries/new/"), hidden(asked), follow=True)
    recovery = Recovery.objects.get()
    assert answer.redirect_chain == [(a.url(f"recoveries/{recovery.pk}/"), 302)]
    assert (recovery.total, recovery.created_by) == (2, a.owner)
    assert 'hx-trigger="every 2s"' in answer.content.decode()
    assert "0 of 2" in answer.content.decode()
    resend.carry_on(recovery.pk)
    states = [backlog.state(row) for row in (one, other, old)]
    assert states == [DeliveryState.DUE, DeliveryState.DUE, DeliveryState.EXHAUSTED]
    part = a.client.get(a.url(f"recoveries/{recovery.pk}/"), headers={"HX-Request": "true"})
    assert "2 of 2" in part.content.decode()
    assert "hx-trigger" not in part.content.decode()
    assert "<html" not in part.content.decode()


def test_the_moment_that_was_confirmed_is_the_one_that_counts(
    a: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(a, age=HOUR - timedelta(minutes=1))
    asked = a.client.get(a.url("recoveries/new/?last=1h")).content.decode()
    monkeypatch.setattr(clock, "now", lambda now=clock.now: now() + timedelta(minutes=10))
    a.client.post(a.url("recoveries/new/"), hidden(asked))
    assert Recovery.objects.get().total == 1


def test_of_one_destination_since_a_time(a: Side) -> None:
    wanted, _ = failed(a, age=3 * HOUR), failed(a)
    since = (clock.now() - 4 * HOUR).strftime("%Y-%m-%dT%H:%M")
    query = f"?last=since&since={since}&destination={wanted.destination_id}"
    asked = a.client.get(a.url("recoveries/new/") + query).content.decode()
    assert "Send 1 delivery again?" in asked
    a.client.post(a.url("recoveries/new/"), hidden(asked))
    recovery = Recovery.objects.get()
    assert (recovery.total, recovery.destination) == (1, wanted.destination)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("last=1h", "Nothing was given up since then"),
        ("last=rain", "Choose one of the list."),
        ("last=since", "Say since when."),
        ("last=since&since=noon", "Write the time as 2026-11-24T09:30."),
        ("last=since&since=2999-01-01T00:00", "Choose a time that has passed."),
        ("last=1h&destination=rain", "There is no such destination."),
    ],
)
def test_what_does_not_fit_is_said(a: Side, query: str, sentence: str) -> None:
    answer = a.client.get(a.url(f"recoveries/new/?{query}"))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_what_is_left_out_is_counted(a: Side) -> None:
    arrived = failed(a)
    failed(a)
    recovery = resend.recover(a.environment, since=clock.now() - HOUR)
    Delivery.objects.filter(pk=arrived.pk).update(state=DeliveryState.DELIVERED)
    resend.carry_on(recovery.pk)
    page = a.client.get(a.url(f"recoveries/{recovery.pk}/")).content.decode()
    assert "1 of 2" in page
    assert "1 left out" in page
    assert "1 left out" in a.client.get(a.url("recoveries/")).content.decode()


def test_viewers_watch_and_begin_nothing(a: Side) -> None:
    failed(a)
    recovery = resend.recover(a.environment, since=clock.now() - HOUR, by=a.owner)
    viewer = a.colleague(Role.VIEWER)
    listed = viewer.get(a.url("recoveries/")).content.decode()
    assert a.owner.email in listed
    assert "Count them first" not in listed
    assert viewer.get(a.url(f"recoveries/{recovery.pk}/")).status_code == 200


def test_anothers_failures_and_recoveries_do_not_exist(a: Side, b: Side) -> None:
    theirs = failed(b)
    recovery = resend.recover(b.environment, since=clock.now() - HOUR, by=b.owner)
    listed = a.client.get(a.url("recoveries/"))
    assert listed.context["rows"] == []
    assert theirs.destination.url.split("/")[2] not in listed.content.decode()
    assert a.client.get(a.url(f"recoveries/{recovery.pk}/")).status_code == 404
    since = {"since": (clock.now() - HOUR).isoformat(), "destination": theirs.destination_id}
    assert a.client.post(a.url("recoveries/new/"), since).status_code == 404
    assert "Nothing was given up" in a.client.get(a.url("recoveries/new/?last=1h")).content.decode()
    assert Recovery.objects.count() == 1


def test_a_removed_destination_is_not_offered(a: Side) -> None:
    gone = failed(a).destination
    destinations.remove(gone)
    assert gone.url.split("/")[2] not in a.client.get(a.url("recoveries/")).content.decode()
    recovery = resend.recover(a.environment, since=clock.now() - HOUR)
    resend.carry_on(recovery.pk)
    recovery.refresh_from_db()
    assert (recovery.state, recovery.total) == (RecoveryState.DONE, 0)


@pytest.mark.parametrize(
    ("since", "sentence"),
    [
        ("0001-01-01T00:00", "Choose a time after the year 2000."),
        ("0001-01-01T00:00:00+14:00", "Choose a time after the year 2000."),
        ("1999-12-31T23:59", "Choose a time after the year 2000."),
        ("9999-12-31T23:59:59-14:00", "Choose a time that has passed."),
        ("2026-02-30T10:00", "Write the time as 2026-11-24T09:30."),
        ("24.11.2026", "Write the time as 2026-11-24T09:30."),
        ("\x00", "Write the time as 2026-11-24T09:30."),
        ("9" * 5000, "Write the time as 2026-11-24T09:30."),
    ],
)
def test_a_time_that_does_not_fit_is_refused_asked_and_confirmed(
    a: Side, since: str, sentence: str
) -> None:
    failed(a)
    page = a.url("recoveries/new/")
    asked = a.client.get(page, {"last": "since", "since": since})
    confirmed = a.client.post(page, {"since": since})
    for answer in (asked, confirmed):
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert not Recovery.objects.exists()
