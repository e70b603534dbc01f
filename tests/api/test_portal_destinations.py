"""Destinations by API: the whole life of one; its secrets are shown once and never again."""

import json
from datetime import timedelta
from typing import Any

import pytest

from developers.models import ApiKey, AuditEntry, Delivery, Destination, Event
from developers.states import DestinationState, StoppedBecause
from developers.webhooks import destinations, examples
from terra_portal import clock
from tests.api import portal
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem

PATH = "/portal/destinations"
NEVER = ("whsec_", "header-value-of-theirs")


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2"])
def test_one_is_added_and_its_secret_shown_this_once(a: Caller, prefix: str) -> None:
    a.prefix = prefix
    answer = a.post(
        PATH,
        {
            "url": portal.URL,
            "event_types": ["deauth", "auth"],
            "headers": {"X-Team": "header-value-of-theirs"},
            "deadline_seconds": 20,
        },
    )

    made = Destination.objects.get()
    assert answer.status == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.body) == {"status", "destination", "secret"}
    assert answer.body["secret"] == made.signing_secret
    assert answer.body["destination"] == {
        "id": str(made.pk),
        "url": portal.URL,
        "event_types": ["auth", "deauth"],
        "header_names": ["X-Team"],
        "deadline_seconds": 20,
        "state": "enabled",
        "stopped_because": None,
        "stopped_at": None,
        "failing_since": None,
        "last_success_at": None,
        "previous_secret_until": None,
        "created_at": answer.body["destination"]["created_at"],
    }
    assert made.environment == a.environment
    entry = AuditEntry.objects.get(action="destination.added")
    assert (entry.subject, entry.actor) == (portal.URL, None)
    assert entry.via == f'API key "{ApiKey.objects.get(environment=a.environment).name}"'
    for read in (a.get(PATH), a.get(f"{PATH}/{made.pk}")):
        assert read.status == 200
        assert not [text for text in NEVER if text in json.dumps(read.body)]


def test_the_list_is_the_newest_first_without_the_removed(a: Caller, b: Caller) -> None:
    rows = [portal.destination(a.environment, f"{portal.URL}/{number}") for number in range(4)]
    portal.destination(b.environment)
    destinations.remove(rows[1])

    first = a.get(PATH, per_page=2).body
    second = a.get(PATH, per_page=2, cursor=first["next"]).body

    assert [row["id"] for row in first["destinations"]] == [str(rows[3].pk), str(rows[2].pk)]
    assert [row["id"] for row in second["destinations"]] == [str(rows[0].pk)]
    assert second["next"] is None


def test_a_change_leaves_what_it_does_not_name(a: Caller) -> None:
    row = portal.destination(a.environment, event_types=["auth"], headers={"X-Team": "blue"})

    first = a.send("PATCH", f"{PATH}/{row.pk}", data=json.dumps({"deadline_seconds": 30}))
    second = a.send("PATCH", f"{PATH}/{row.pk}", data=json.dumps({"headers": {}}))
    third = a.send(
        "PATCH",
        f"{PATH}/{row.pk}",
        data=json.dumps({"url": f"{portal.URL}/new", "event_types": []}),
    )

    shown = [answer.body["destination"] for answer in (first, second, third)]
    assert [row["deadline_seconds"] for row in shown] == [30, 30, 30]
    assert [row["header_names"] for row in shown] == [["X-Team"], [], []]
    assert [row["event_types"] for row in shown] == [["auth"], ["auth"], []]
    assert [row["url"] for row in shown] == [portal.URL, portal.URL, f"{portal.URL}/new"]


def test_a_rotation_shows_the_new_secret_and_for_how_long_the_old_one_signs(a: Caller) -> None:
    row = portal.destination(a.environment)
    old = row.signing_secret

    usual = a.post(f"{PATH}/{row.pk}/rotate")
    row.refresh_from_db()
    kept_until = row.previous_secret_until
    at_once = a.post(f"{PATH}/{row.pk}/rotate", {"keep_hours": 0})

    assert usual.status == 200
    assert usual.body["secret"] not in (old, at_once.body["secret"])
    assert kept_until
    assert round((kept_until - clock.now()).total_seconds() / 3600) == 24
    assert usual.body["destination"]["previous_secret_until"]
    assert at_once.body["destination"]["previous_secret_until"] is None
    row.refresh_from_db()
    assert row.signing_secret == at_once.body["secret"]


def test_it_is_paused_and_enabled(a: Caller) -> None:
    row = portal.destination(a.environment)

    paused = a.post(f"{PATH}/{row.pk}/pause").body["destination"]
    enabled = a.post(f"{PATH}/{row.pk}/enable").body["destination"]

    assert (paused["state"], paused["stopped_because"]) == ("paused", "paused")
    assert paused["stopped_at"]
    assert (enabled["state"], enabled["stopped_because"]) == ("enabled", None)


def test_one_that_the_portal_disabled_says_why_and_can_be_enabled(a: Caller) -> None:
    row = portal.destination(a.environment)
    destinations.stop(row, StoppedBecause.GONE)

    shown = a.get(f"{PATH}/{row.pk}").body["destination"]
    enabled = a.post(f"{PATH}/{row.pk}/enable").body["destination"]

    assert (shown["state"], shown["stopped_because"]) == ("disabled", "gone")
    assert enabled["state"] == "enabled"


def test_what_is_removed_is_unknown_from_then_on(a: Caller) -> None:
    row = portal.destination(a.environment)

    assert a.delete(f"{PATH}/{row.pk}").body == {"status": "success"}

    row.refresh_from_db()
    assert row.removed_at
    assert row.state == DestinationState.ENABLED
    assert_problem(a.get(f"{PATH}/{row.pk}"), 404, "not found")
    assert_problem(a.delete(f"{PATH}/{row.pk}"), 404, "not found")


def test_an_example_goes_to_this_destination_alone(a: Caller) -> None:
    row = portal.destination(a.environment)
    portal.destination(a.environment, f"{portal.URL}/other")

    answer = a.post(f"{PATH}/{row.pk}/test", {"type": "access_revoked"})

    made = Event.objects.get()
    assert answer.status == 201
    assert answer.body["event"]["id"] == str(made.pk)
    assert answer.body["event"]["is_example"] is True
    assert answer.body["event"]["payload"]["type"] == "access_revoked"
    assert [part["destination_id"] for part in answer.body["event"]["deliveries"]] == [str(row.pk)]
    assert Delivery.objects.get().destination == row


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "url"),
        ({"url": 7}, "url"),
        ({"url": "ftp://api.example.com"}, "url"),
        ({"url": "https://10.0.0.1/hook"}, "url"),
        ({"url": "https://\ud800.example"}, "url"),
        ({"url": portal.URL, "event_types": ["nothing"]}, "event_types"),
        ({"url": portal.URL, "event_types": [7]}, "event_types"),
        ({"url": portal.URL, "event_types": "auth"}, "event_types"),
        ({"url": portal.URL, "headers": []}, "headers"),
        ({"url": portal.URL, "headers": {"X-Team": 7}}, "headers"),
        ({"url": portal.URL, "headers": {"Host": "other.example"}}, "headers"),
        ({"url": portal.URL, "headers": {"X-Team": "a\r\nb"}}, "headers"),
        ({"url": portal.URL, "headers": {"X-Team": "\ud800"}}, "headers"),
        ({"url": portal.URL, "deadline_seconds": 0}, "deadline_seconds"),
        ({"url": portal.URL, "deadline_seconds": 31}, "deadline_seconds"),
        ({"url": portal.URL, "deadline_seconds": 10**30}, "deadline_seconds"),
        ({"url": portal.URL, "deadline_seconds": "8"}, "deadline_seconds"),
        ({"url": portal.URL, "deadline_seconds": True}, "deadline_seconds"),
        ({"url": portal.URL, "event_type": ["auth"]}, "event_type"),
        ([], "body"),
    ],
)
def test_what_does_not_fit_is_400_and_named(a: Caller, sent: Any, field: str) -> None:
    answer = a.send("POST", PATH, data=json.dumps(sent))

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field
    assert not Destination.objects.exists()


@pytest.mark.parametrize(
    ("method", "verb", "sent", "field"),
    [
        ("PATCH", "", {"url": "nowhere"}, "url"),
        ("PATCH", "", {"event_types": ["nothing"]}, "event_types"),
        ("PATCH", "", {"headers": {"webhook-id": "x"}}, "headers"),
        ("PATCH", "", {"state": "paused"}, "state"),
        ("POST", "/rotate", {"keep_hours": -1}, "keep_hours"),
        ("POST", "/rotate", {"keep_hours": 169}, "keep_hours"),
        ("POST", "/rotate", {"keep_hours": 1.5}, "keep_hours"),
        ("POST", "/test", {"type": "nothing"}, "type"),
        ("POST", "/test", {}, "type"),
    ],
)
def test_a_change_that_does_not_fit_is_400_and_named(
    a: Caller, method: str, verb: str, sent: Any, field: str
) -> None:
    row = portal.destination(a.environment)

    answer = a.send(method, f"{PATH}/{row.pk}{verb}", data=json.dumps(sent))

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field
    assert not Event.objects.exists()


@pytest.mark.parametrize("cursor", ["x", "o1", "n1-" + "0" * 32, "o" + "9" * 18 + "-" + "0" * 32])
def test_a_cursor_of_nobody_is_400(a: Caller, cursor: str) -> None:
    answer = a.get(PATH, cursor=cursor)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == "cursor"


def test_an_environment_has_so_many_and_no_more(
    a: Caller, b: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destinations, "MOST", 2)
    rows = [portal.destination(a.environment, f"{portal.URL}/{number}") for number in range(2)]

    refused = a.post(PATH, {"url": portal.URL})
    elsewhere = b.post(PATH, {"url": portal.URL})
    destinations.remove(rows[0])
    again = a.post(PATH, {"url": portal.URL})

    assert_problem(refused, 400, "bad request")
    assert refused.body["detail"].startswith("destinations: An environment has at most 2.")
    assert (elsewhere.status, again.status) == (201, 201)


def test_too_many_examples_are_429_and_say_when_to_come_again(
    a: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "MOST", 2)
    row, other = portal.destination(a.environment), portal.destination(a.environment)
    path = f"{PATH}/{row.pk}/test"

    sent = [a.post(path, {"type": "auth"}).status for _ in range(2)]
    refused = a.post(path, {"type": "auth"})

    assert sent == [201, 201]
    assert_problem(refused, 429, "too many requests")
    wait = int(refused.headers["Retry-After"])
    assert 50 < wait <= 60
    assert f"Send the next in {wait} s." in refused.body["detail"]
    assert a.post(f"{PATH}/{other.pk}/test", {"type": "auth"}).status == 201
    with clock.shifted(timedelta(seconds=wait)):
        assert a.post(path, {"type": "auth"}).status == 201
