"""PATCH /users/{user_id}: another reference, paused, resumed."""

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections import payloads
from connections.models import Connection
from developers.models import AuditEntry, Event
from terra_portal import clock
from tests import cast
from tests.api.caller import Answer, Caller
from tests.api.test_errors import assert_problem


def patch(caller: Caller, user_id: object, body: Any) -> Answer:
    return caller.send("PATCH", f"/users/{user_id}", data=json.dumps(body))


def paused_at(user: Connection) -> datetime | None:
    return Connection.objects.get(pk=user.pk).paused_at


def audited(caller: Caller) -> list[tuple[str, str, str]]:
    rows = AuditEntry.objects.filter(environment=caller.environment, action__startswith="user.")
    return list(rows.order_by("at").values_list("action", "subject", "via"))


def test_a_reference_is_changed(a: Caller) -> None:
    user = cast.connection(a.environment, reference_id="before")

    answer = patch(a, user.pk, {"reference_id": "after"})

    user.refresh_from_db()
    assert user.reference_id == "after"
    assert answer.status == 200
    assert answer.body == {"status": "success", "user": payloads.user(user)}
    assert a.get("/userInfo", reference_id="after").body["users"] == [payloads.user(user)]
    assert audited(a) == [("user.reference_changed", str(user.pk), 'API key "Default"')]
    assert not Event.objects.exists()


def test_empty_removes_it_and_null_leaves_it(a: Caller) -> None:
    user = cast.connection(a.environment, reference_id="before")

    assert patch(a, user.pk, {"reference_id": None}).body["user"]["reference_id"] == "before"
    assert patch(a, user.pk, {}).body["user"]["reference_id"] == "before"
    assert patch(a, user.pk, {"reference_id": ""}).body["user"]["reference_id"] is None


def test_pausing_and_resuming(a: Caller) -> None:
    user = cast.connection(a.environment, reference_id="r")

    paused = patch(a, user.pk, {"active": False})
    since = paused_at(user)
    again = patch(a, user.pk, {"active": False})

    assert paused.body["user"]["active"] is again.body["user"]["active"] is False
    assert paused.body["user"]["reference_id"] == "r"
    assert since is not None
    assert paused_at(user) == since
    assert patch(a, user.pk, {"active": True}).body["user"]["active"] is True
    assert paused_at(user) is None
    assert [action for action, _, _ in audited(a)] == ["user.paused", "user.resumed"]


def test_what_is_not_named_stays(a: Caller) -> None:
    user = cast.connection(a.environment, reference_id="r", paused_at=clock.now())

    answer = patch(a, user.pk, {"active": None, "reference_id": None, "scopes": "all"})

    assert answer.body["user"] == payloads.user(user)
    assert audited(a) == []


def test_an_occupied_reference_is_refused_and_loses_nothing(a: Caller) -> None:
    grant = cast.grant()
    mine = cast.connection(a.environment, on=grant, reference_id="mine")
    cast.connection(a.environment, on=grant, reference_id="taken")

    answer = patch(a, mine.pk, {"reference_id": "taken", "active": False})

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].startswith("reference_id: another user of yours has it")
    mine.refresh_from_db()
    assert (mine.reference_id, mine.paused_at) == ("mine", None)
    assert audited(a) == []


def test_what_occupies_nothing(a: Caller, b: Caller) -> None:
    """An ended user's, another account's and another company's reference; and one's own."""
    grant = cast.grant()
    mine = cast.connection(a.environment, on=grant, reference_id="mine")
    cast.ended(a.environment, on=grant, reference_id="ended")
    cast.connection(a.environment, reference_id="another account")
    cast.connection(b.environment, on=grant, reference_id="theirs")

    for reference in ("ended", "another account", "theirs", "theirs"):
        answer = patch(a, mine.pk, {"reference_id": reference})
        assert (answer.status, answer.body["user"]["reference_id"]) == (200, reference)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"reference_id": "x" * 513}, "reference_id"),
        ({"reference_id": "a\x00b"}, "reference_id"),
        ({"reference_id": "\ud800"}, "reference_id"),
        ({"reference_id": 5}, "reference_id"),
        ({"active": "false"}, "active"),
        ({"active": 0}, "active"),
        ([], "body"),
        ("paused", "body"),
    ],
)
def test_what_does_not_fit_names_its_field(a: Caller, body: Any, named: str) -> None:
    user = cast.connection(a.environment, reference_id="r")

    answer = patch(a, user.pk, body)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == named
    user.refresh_from_db()
    assert (user.reference_id, user.paused_at) == ("r", None)


def test_not_yours_ended_and_unknown_are_answered_alike(a: Caller, b: Caller) -> None:
    grant = cast.grant()
    cast.connection(a.environment, on=grant, reference_id="mine")
    theirs = cast.connection(b.environment, on=grant, reference_id="theirs")
    ended = cast.ended(a.environment)
    before = Connection.objects.filter(pk=theirs.pk).values().get()
    a.get("/subscriptions")
    seen = []

    for user_id in (uuid4(), theirs.pk, ended.pk, cast.ended(b.environment).pk, "nonsense"):
        for body in ({"reference_id": "mine", "active": False}, {}, {"reference_id": "\x00"}):
            with CaptureQueriesContext(database) as queries:
                answer = patch(a, user_id, body)
            answer.body["instance"] = ""
            headers = {k: v for k, v in answer.headers.items() if k != "terra-reference"}
            headers.pop("Content-Length", None)
            sql = [query["sql"].split("WHERE")[0] for query in queries]
            seen.append((answer.status, answer.body, headers, sql))

    assert seen == seen[:3] * 5
    assert [status for status, _, _, _ in seen[:3]] == [404, 404, 400]
    assert Connection.objects.filter(pk=theirs.pk).values().get() == before


@pytest.mark.parametrize("count", [1, 3])
def test_as_many_queries_whoever_else_is_there(a: Caller, count: int) -> None:
    grant = cast.grant()
    user = cast.connection(a.environment, on=grant)
    for number in range(count):
        cast.connection(a.environment, on=grant, reference_id=f"{number}")
    a.get("/subscriptions")

    with CaptureQueriesContext(database) as queries:
        patch(a, user.pk, {"reference_id": "new", "active": False})

    assert len(queries) == 11, [query["sql"][:90] for query in queries]
