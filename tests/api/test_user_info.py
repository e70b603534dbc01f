"""GET /userInfo, by user_id and by reference_id."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.states import Attention
from terra_portal import clock
from tests import cast
from tests.api.caller import Caller


def test_one_user(a: Caller) -> None:
    at = datetime(2022, 12, 12, 10, tzinfo=UTC)
    user = cast.connection(a.environment, reference_id="runner-7", created_at=at)

    answer = a.get("/userInfo", user_id=user.pk)

    assert answer.status == 200
    assert answer.body == {
        "status": "success",
        "is_authenticated": True,
        "user": {
            "user_id": str(user.pk),
            "provider": "SANDBOX",
            "reference_id": "runner-7",
            "active": True,
            "scopes": "activity,sleep",
            "last_webhook_update": None,
            "created_at": "2022-12-12T10:00:00.000000+00:00",
            "last_polled_at": None,
            "most_recent_data_at": None,
        },
    }


def test_no_reference_is_null(a: Caller) -> None:
    user = cast.connection(a.environment)

    assert a.get("/userInfo", user_id=user.pk).body["user"]["reference_id"] is None


def test_an_ended_user_is_answered_as_not_active(a: Caller) -> None:
    user = cast.ended(a.environment)

    answer = a.get("/userInfo", user_id=user.pk)

    assert answer.status == 200
    assert answer.body["is_authenticated"] is False
    assert answer.body["user"]["active"] is False


def test_a_paused_user_is_authenticated_and_not_active(a: Caller) -> None:
    user = cast.connection(a.environment, paused_at=clock.now())

    answer = a.get("/userInfo", user_id=user.pk)

    assert answer.body["is_authenticated"] is True
    assert answer.body["user"]["active"] is False


def test_who_has_to_authorise_again_is_not_authenticated(a: Caller) -> None:
    user = cast.connection(a.environment, attention=Attention.NEEDS_REAUTH)

    assert a.get("/userInfo", user_id=user.pk).body["is_authenticated"] is False


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/userInfo"), ("DELETE", "/auth/deauthenticateUser")]
)
def test_not_yours_is_answered_exactly_like_unknown(
    a: Caller, b: Caller, method: str, path: str
) -> None:
    """On a grant that A shares, so that a hint would have something to hint at."""
    grant = cast.grant()
    cast.connection(a.environment, on=grant)
    theirs = cast.connection(b.environment, on=grant, reference_id="secret")
    a.get("/subscriptions")
    seen = []

    for user_id in (uuid4(), theirs.pk, cast.ended(b.environment).pk, "nonsense", "", "\x00"):
        with CaptureQueriesContext(database) as queries:
            answer = a.send(method, path, query_params={"user_id": user_id})
        headers = {k: v for k, v in answer.headers.items() if k != "terra-reference"}
        sql = [query["sql"].split("WHERE")[0] for query in queries]
        seen.append((answer.status, answer.body, headers, sql))

    assert seen == [seen[0]] * len(seen)
    assert seen[0][0] == 404
    assert seen[0][1]["detail"] == "user not found"


def test_everyone_under_a_reference(a: Caller, b: Caller) -> None:
    first = cast.connection(a.environment, reference_id="runner-7")
    second = cast.connection(a.environment, reference_id="runner-7")
    cast.connection(a.environment, reference_id="runner-8")
    cast.connection(b.environment, reference_id="runner-7")
    cast.ended(a.environment, reference_id="runner-7")

    answer = a.get("/userInfo", reference_id="runner-7")

    assert answer.status == 200
    assert answer.body["status"] == "success"
    assert [user["user_id"] for user in answer.body["users"]] == [str(first.pk), str(second.pk)]


def test_an_unknown_reference_has_nobody(a: Caller, b: Caller) -> None:
    cast.connection(b.environment, reference_id="theirs")

    for reference in ("nobody", "theirs"):
        answer = a.get("/userInfo", reference_id=reference)
        assert (answer.status, answer.body) == (200, {"status": "success", "users": []})
