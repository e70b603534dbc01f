"""Whatever goes wrong: one form, a reference, never a page, a redirect or a stack trace."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings

from connections.models import Connection, ConnectSession
from tests import cast
from tests.api.caller import Answer, Caller

MEMBERS = {"status", "message", "type", "title", "instance", "detail"}


def assert_problem(answer: Answer, status: int, title: str) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.body) == MEMBERS
    assert answer.body["status"] == "error"
    assert answer.body["type"] == "about:blank"
    assert answer.body["title"] == title
    assert answer.body["message"] == answer.body["detail"]
    assert UUID(answer.headers["terra-reference"])


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/", "/v2/nothing", "/v2/userInfo/", "/v2/USERINFO", "/api", "/api/v3/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_is_404(a: Caller, method: str, path: str) -> None:
    a.prefix = ""

    answer = a.send(method, path)

    assert_problem(answer, 404, "not found")
    assert answer.body["instance"] == path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/auth/generateWidgetSession", "POST"),
        ("POST", "/auth/deauthenticateUser", "DELETE"),
        ("PUT", "/userInfo", "GET"),
        ("OPTIONS", "/subscriptions", "GET"),
        ("DELETE", "/integrations", "GET"),
    ],
)
def test_another_method_is_405(a: Caller, method: str, path: str, allowed: str) -> None:
    answer = a.send(method, path)

    assert_problem(answer, 405, "method not allowed")
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reference_id": 7}, "reference_id"),
        ({"reference_id": ["a"]}, "reference_id"),
        ({"reference_id": "a\x00b"}, "reference_id"),
        ({"reference_id": "a\nb"}, "reference_id"),
        ({"reference_id": "\ud800"}, "reference_id"),
        ({"reference_id": "r" * 513}, "reference_id"),
        ({"providers": ["SANDBOX"]}, "providers"),
        ({"providers": {"a": 1}}, "providers"),
        ({"providers": "NO-SUCH-WEARABLE"}, "providers"),
        ({"providers": "\ud800"}, "providers"),
        ({"providers": "\x00"}, "providers"),
        ({"language": 1}, "language"),
        ({"language": "\ud800"}, "language"),
        ({"language": "x" * 100}, "language"),
        ({"show_disconnect": "yes"}, "show_disconnect"),
        ({"show_disconnect": 1}, "show_disconnect"),
        ({"auth_success_redirect_url": "javascript:alert(1)"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "JavaScript:alert(1)"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "data:text/html,x"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "/only/a/path"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "https://\ud800.example"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": 5}, "auth_success_redirect_url"),
        ({"auth_failure_redirect_url": "vbscript:x"}, "auth_failure_redirect_url"),
        ({"auth_failure_redirect_url": "https://a.example/\x00"}, "auth_failure_redirect_url"),
        ({"auth_failure_redirect_url": "https://["}, "auth_failure_redirect_url"),
        ([], "body"),
        ("text", "body"),
        (7, "body"),
    ],
)
def test_what_does_not_fit_is_400_and_named(a: Caller, sent: Any, field: str) -> None:
    cast.source(a.environment, cast.oauth_client())

    answer = a.send("POST", "/auth/generateWidgetSession", data=json.dumps(sent))

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field
    assert not ConnectSession.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"{", b"{'a': 1}", b"\xff\xfe", b"[" * 100_000, b'{"reference_id": ' + b"9" * 5000 + b"}"],
    ids=["cut off", "quotes", "bytes", "deep", "long number"],
)
def test_malformed_json_is_400(a: Caller, body: bytes) -> None:
    assert_problem(a.send("POST", "/auth/generateWidgetSession", data=body), 400, "bad request")


def test_a_body_of_two_megabytes_is_413(a: Caller) -> None:
    body = b'{"reference_id": "' + b"r" * 2_000_000 + b'"}'

    answer = a.send("POST", "/auth/generateWidgetSession", data=body)

    assert_problem(answer, 413, "content too large")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "user_id"),
        ({"reference_id": ""}, "user_id"),
        ({"reference_id": "a\x00b"}, "reference_id"),
        ({"reference_id": "r" * 513}, "reference_id"),
        ({"user_id": str(UUID(int=1)), "reference_id": "r"}, "reference_id"),
    ],
)
def test_user_info_names_what_does_not_fit(a: Caller, query: dict[str, str], field: str) -> None:
    answer = a.get("/userInfo", **query)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page": "-1"}, "page"),
        ({"page": "one"}, "page"),
        ({"page": ""}, "page"),
        ({"page": "1.5"}, "page"),
        ({"page": "0", "per_page": "0"}, "per_page"),
        ({"page": "0", "per_page": "many"}, "per_page"),
    ],
)
def test_pages_name_what_does_not_fit(a: Caller, query: dict[str, str], field: str) -> None:
    answer = a.get("/subscriptions", **query)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field


def test_deauthenticate_wants_a_user(a: Caller) -> None:
    answer = a.delete("/auth/deauthenticateUser")

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == "user_id"


def test_a_failure_of_ours_is_500_in_the_same_form(
    a: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged row: a real failure in the middle of the work."""
    row = cast.connection(a.environment)
    Connection.objects.filter(pk=row.pk).update(scopes=7)

    answer = a.get("/userInfo", user_id=row.pk)

    assert_problem(answer, 500, "internal server error")
    assert answer.body["detail"] == "something went wrong on our side"
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "GET /v2/userInfo failed"
    ]


def test_a_list_that_fails_at_once_is_500_too(a: Caller) -> None:
    row = cast.connection(a.environment)
    Connection.objects.filter(pk=row.pk).update(scopes=7)

    assert_problem(a.get("/subscriptions"), 500, "internal server error")


@override_settings(DEBUG=True)
def test_not_even_when_debugging_is_there_a_stack_trace(a: Caller) -> None:
    row = cast.connection(a.environment)
    Connection.objects.filter(pk=row.pk).update(scopes=7)

    assert_problem(a.get("/userInfo", user_id=row.pk), 500, "internal server error")


def test_every_answer_has_a_reference_of_its_own(a: Caller) -> None:
    answers = [a.get("/subscriptions"), a.get("/subscriptions"), a.get("/nothing")]

    references = {UUID(answer.headers["terra-reference"]) for answer in answers}

    assert len(references) == 3
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
