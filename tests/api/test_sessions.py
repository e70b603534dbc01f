"""What became of a link, and withdrawing one, by API."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections import connect, finish, links
from connections.models import ConnectAttempt, ConnectSession
from connections.payloads import timestamp
from connections.states import AttemptState, CancelReason
from developers.models import Event
from terra_portal import clock
from tests import cast
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem
from tests.api.test_portal_isolation import assert_alike

SENTENCE = "This link has been withdrawn. Ask for a new one."


@pytest.fixture(autouse=True)
def offered(a: Caller) -> None:
    cast.source(a.environment, cast.oauth_client())


def opened(caller: Caller, **wishes: Any) -> tuple[ConnectSession, str]:
    """A session, and its link as a path."""
    session, url = links.open_session(caller.environment, **wishes)
    return session, urlsplit(url).path


def path(session: ConnectSession, verb: str = "") -> str:
    return f"/portal/sessions/{session.pk}{verb}"


def told(caller: Caller) -> list[dict[str, Any]]:
    events = Event.objects.filter(environment=caller.environment).order_by("occurred_at")
    return [json.loads(event.body) for event in events]


def test_an_open_one(a: Caller) -> None:
    session, _ = opened(a, reference_id="runner-7", providers=["SANDBOX"])

    answer = a.get(path(session))

    assert (answer.status, answer.body) == (
        200,
        {
            "status": "success",
            "session": {
                "session_id": str(session.pk),
                "state": "open",
                "reference_id": "runner-7",
                "providers": ["SANDBOX"],
                "created_at": timestamp(session.created_at),
                "expires_at": timestamp(session.expires_at),
                "attempts": [],
            },
        },
    )


def test_its_attempts_newest_first(a: Caller) -> None:
    session, _ = opened(a)
    first, second = (connect.begin(session, "SANDBOX").attempt for _ in range(2))
    finish.fail(first.pk, CancelReason.ACCESS_DENIED)

    shown = a.get(path(session)).body["session"]

    assert (shown["state"], shown["reference_id"], shown["providers"]) == ("open", None, [])
    assert shown["attempts"] == [
        {
            "provider": "SANDBOX",
            "state": "started",
            "reason": None,
            "user_id": None,
            "created_at": timestamp(second.created_at),
        },
        {
            "provider": "SANDBOX",
            "state": "failed",
            "reason": "access_denied",
            "user_id": None,
            "created_at": timestamp(first.created_at),
        },
    ]


def test_a_connected_one_names_its_user(a: Caller) -> None:
    session, _ = opened(a)
    attempt = connect.begin(session, "SANDBOX").attempt
    connected(attempt)

    shown = a.get(path(session)).body["session"]

    assert shown["state"] == "connected"
    assert [(one["state"], one["user_id"]) for one in shown["attempts"]] == [
        ("connected", str(attempt.user_id))
    ]


def connected(attempt: ConnectAttempt) -> None:
    now = clock.now()
    rows = ConnectAttempt.objects.filter(pk=attempt.pk)
    rows.update(state=AttemptState.CONNECTED, finished_at=now)
    ConnectSession.objects.filter(pk=attempt.session_id).update(connected_at=now)


@pytest.mark.parametrize(
    "state", [AttemptState.EXCHANGED, AttemptState.CONFIRMING, AttemptState.WAITING]
)
def test_how_far_an_attempt_is_tells_nothing_of_other_companies(a: Caller, state: str) -> None:
    """One that waits behind a revoke would say that somebody else has just left the account."""
    session, _ = opened(a)
    attempt = connect.begin(session, "SANDBOX").attempt
    before = a.get(path(session)).body
    ConnectAttempt.objects.filter(pk=attempt.pk).update(state=state)

    assert a.get(path(session)).body == before


def test_an_expired_one(a: Caller) -> None:
    session, _ = opened(a)
    ConnectSession.objects.update(expires_at=clock.now() - timedelta(seconds=1))

    assert a.get(path(session)).body["session"]["state"] == "expired"


@pytest.mark.parametrize("attempts", [1, 3])
def test_it_costs_the_same_with_many_attempts(a: Caller, attempts: int) -> None:
    session, _ = opened(a)
    for _ in range(attempts):
        connect.begin(session, "SANDBOX")
    a.get("/portal/events")  # the key was used just now: no answer writes that down again

    with CaptureQueriesContext(database) as asked:
        answer = a.get(path(session))

    assert len(answer.body["session"]["attempts"]) == attempts
    assert len(asked) == 3


def test_at_most_fifty_attempts_are_told(a: Caller) -> None:
    session, _ = opened(a)
    for _ in range(52):
        newest = connect.begin(session, "SANDBOX").attempt

    attempts = a.get(path(session)).body["session"]["attempts"]

    assert len(attempts) == 50
    assert attempts[0]["created_at"] == timestamp(newest.created_at)


def test_cancelling_tells_the_company_and_the_person(a: Caller) -> None:
    session, link = opened(a, reference_id="runner-7")

    answer = a.post(path(session, "/cancel"))

    session.refresh_from_db()
    assert session.cancelled_at is not None
    assert answer.status == 200
    assert answer.body == a.get(path(session)).body
    assert answer.body["session"]["state"] == "cancelled"
    page = Client().get(link)
    assert (page.status_code, SENTENCE in page.content.decode()) == (410, True)
    (event,) = told(a)
    assert {name: event[name] for name in ("type", "status", "reason", "flow_id")} == {
        "type": "auth_cancelled",
        "status": "error",
        "reason": "session_cancelled",
        "flow_id": None,
    }
    assert event["widget_session_id"] == str(session.pk)
    assert event["reference_id"] == "runner-7"


def test_cancelled_again_it_stays_as_it_was(a: Caller) -> None:
    session, _ = opened(a)
    first = a.post(path(session, "/cancel"))
    at = ConnectSession.objects.get().cancelled_at

    second = a.post(path(session, "/cancel"))

    assert (second.status, second.body) == (200, first.body)
    assert ConnectSession.objects.get().cancelled_at == at
    assert len(told(a)) == 1


@pytest.mark.parametrize(("how", "why"), [("used", "session_used"), ("over", "session_expired")])
def test_a_used_or_expired_one_is_gone(a: Caller, how: str, why: str) -> None:
    session, _ = opened(a)
    if how == "used":
        connected(connect.begin(session, "SANDBOX").attempt)
    else:
        ConnectSession.objects.update(expires_at=clock.now() - timedelta(seconds=1))

    answer = a.post(path(session, "/cancel"))

    assert_problem(answer, 410, "gone")
    assert answer.body["detail"] == f"the session is over: {why}"
    assert ConnectSession.objects.get().cancelled_at is None
    assert told(a) == []


def test_one_made_for_authenticate_user_is_looked_up_by_its_webhooks_id(a: Caller) -> None:
    user_id = a.post("/auth/authenticateUser?resource=SANDBOX").body["user_id"]
    finish.fail(ConnectAttempt.objects.get(user_id=user_id).pk, CancelReason.ACCESS_DENIED)
    (event,) = told(a)

    shown = a.get(f"/portal/sessions/{event['widget_session_id']}").body["session"]

    assert [one["reason"] for one in shown["attempts"]] == ["access_denied"]


@pytest.mark.parametrize(
    ("method", "verb"), [("GET", ""), ("POST", "/cancel")], ids=["look up", "cancel"]
)
def test_a_foreign_session_is_nobodys(a: Caller, b: Caller, method: str, verb: str) -> None:
    cast.source(b.environment, cast.oauth_client())
    session, _ = opened(b)
    connect.begin(session, "SANDBOX")

    assert_alike(a, session.pk, method, f"/portal/sessions/{{}}{verb}", None)

    session.refresh_from_db()
    assert session.cancelled_at is None
