"""Terra's operations on data: the credentials are checked, and then it is said that they wait."""

import pytest
from django.test import Client

from connections.api.data import OPERATIONS, Operation
from tests import cast
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem

NAMES = [f"{each.method} {each.path}" for each in OPERATIONS]


@pytest.mark.parametrize("each", OPERATIONS, ids=NAMES)
def test_it_says_what_is_missing(a: Caller, each: Operation) -> None:
    answer = a.send(each.method, each.path.format(id="17"), data="{not json")

    assert_problem(answer, 501, "not implemented")
    assert answer.body["detail"] == (
        "This portal does not serve data yet: it connects wearables and tells when access ends. "
        f"What is missing here: {each.does}."
    )


@pytest.mark.parametrize("each", OPERATIONS, ids=NAMES)
def test_credentials_come_first(a: Caller, each: Operation) -> None:
    path = each.path.format(id="17")
    wrong = {"dev-id": a.environment.dev_id, "x-api-key": "tpk_wrong"}

    for headers in ({}, wrong):
        assert_problem(a.send(each.method, path, headers=headers), 401, "unauthorized")


def test_whose_user_is_asked_for_makes_no_difference(a: Caller, b: Caller) -> None:
    users = [cast.connection(caller.environment).pk for caller in (a, b)]

    answers = [a.get("/sleep", user_id=name, start_date="2026-11-27") for name in (*users, "none")]

    assert [(answer.status, answer.body) for answer in answers] == [(501, answers[0].body)] * 3


def test_it_is_no_failure_in_the_log(a: Caller, caplog: pytest.LogCaptureFixture) -> None:
    a.get("/sleep")

    assert [record.name for record in caplog.records] == ["developers.rest.middleware"]


def test_they_are_documented_as_published_under_a_tag_of_their_own(db: None) -> None:
    paths = Client().get("/v2/openapi.json").json()["paths"]

    later = {
        (method.upper(), path.removeprefix("/v2"))
        for path, item in paths.items()
        for method, operation in item.items()
        if operation["tags"] == ["Data (later)"]
    }
    assert later == {(each.method, each.path) for each in OPERATIONS}
    sleep = paths["/v2/sleep"]["get"]
    assert [(one["name"], one["required"]) for one in sleep["parameters"]] == [
        ("user_id", True),
        ("start_date", True),
        ("end_date", False),
        ("to_webhook", False),
        ("with_samples", False),
    ]
    plan = paths["/v2/workouts/{id}/plan"]["post"]
    assert [one["name"] for one in plan["parameters"]] == ["id", "user_id"]
    assert list(sleep["responses"]) == ["401", "501", "429", "default"]
