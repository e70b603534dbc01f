"""Who may ask: both headers, in any case, of one environment, with a key that is not revoked."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from developers import api_keys
from developers.models import ApiKey
from tests.api.caller import Caller, new
from tests.threads import run_together

OPERATIONS = [
    ("POST", "/v2/auth/generateWidgetSession"),
    ("POST", "/api/v2/auth/generateWidgetSession"),
    ("POST", "/api/widget/session"),
    ("GET", "/v2/userInfo"),
    ("GET", "/api/v2/userInfo"),
    ("GET", "/v2/subscriptions"),
    ("DELETE", "/v2/auth/deauthenticateUser"),
    ("GET", "/v2/portal/destinations"),
    ("POST", "/v2/portal/destinations"),
    ("PATCH", "/v2/portal/destinations/nobody"),
    ("POST", "/api/v2/portal/destinations/nobody/rotate"),
    ("GET", "/v2/portal/events"),
    ("POST", "/v2/portal/events/nobody/resend"),
    ("POST", "/v2/portal/recoveries"),
    ("GET", "/v2/portal/figures"),
    ("GET", "/v2/portal/revocations"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_credentials_it_is_401_in_json(a: Caller, method: str, path: str) -> None:
    a.prefix = ""

    answer = a.send(method, path, headers={})

    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body == {
        "status": "error",
        "message": "dev-id or x-api-key headers are missing",
        "type": "about:blank",
        "title": "unauthorized",
        "instance": path,
        "detail": "dev-id or x-api-key headers are missing",
    }


def test_header_names_have_no_case(a: Caller) -> None:
    headers = {"DEV-ID": a.environment.dev_id, "X-API-Key": a.api_key}

    assert a.send("GET", "/subscriptions", headers=headers).status == 200


def test_wrong_credentials_are_401_alike(a: Caller, b: Caller) -> None:
    mine = a.environment.dev_id
    wrong = [
        {"dev-id": mine, "x-api-key": b.api_key},
        {"dev-id": mine, "x-api-key": "tpk_nobody"},
        {"dev-id": "nobody", "x-api-key": a.api_key},
        {"dev-id": mine.upper(), "x-api-key": a.api_key},
        {"dev-id": mine, "x-api-key": "clé"},
        {"dev-id": "no\x00body", "x-api-key": a.api_key},
        {"dev-id": "\xff" * 5000, "x-api-key": a.api_key},
    ]

    answers = []
    for headers in wrong:
        with CaptureQueriesContext(connection) as queries:
            answer = a.send("GET", "/subscriptions", headers=headers)
        assert answer.headers.pop("terra-reference")
        answers.append((answer.status, answer.body, answer.headers, len(queries)))

    assert answers[0][0] == 401
    assert answers[0][-1] == 1
    assert answers == [answers[0]] * len(wrong)


def test_a_revoked_key_stops_at_once(a: Caller) -> None:
    assert a.get("/subscriptions").status == 200

    api_keys.revoke(ApiKey.objects.get(environment=a.environment))

    assert a.get("/subscriptions").status == 401


def test_an_answer_sets_no_cookie(a: Caller) -> None:
    a.get("/subscriptions")

    assert not a.client.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"DEV-ID": "dev_id", "X-API-KEY": "api_key"},
        {"Dev-Id": "dev_id", "X-Api-Key": "api_key"},
        {"dev-id": "dev_id", "x-API-key": "api_key"},
    ],
)
def test_each_spelling_of_the_headers_is_the_same(a: Caller, headers: dict[str, str]) -> None:
    known = {"dev_id": a.environment.dev_id, "api_key": a.api_key}
    sent = {name: known[value] for name, value in headers.items()}

    assert a.send("GET", "/subscriptions", headers=sent).status == 200


@pytest.mark.django_db(transaction=True)
def test_its_use_is_written_once_however_many_ask_at_once() -> None:
    caller = new("A")
    written: list[int] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("UPDATE") and "last_used_at" in sql:
            written.append(context["cursor"].rowcount)
        return result

    def ask() -> bool:
        with connection.execute_wrapper(watch):
            return api_keys.authenticate(caller.environment.dev_id, caller.api_key) is not None

    assert run_together(*[ask] * 12) == [True] * 12

    assert sum(written) == 1
    assert ApiKey.objects.get(environment=caller.environment).last_used_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_revoked_meanwhile_lets_nobody_in_afterwards() -> None:
    caller = new("A")
    key = ApiKey.objects.get(environment=caller.environment)
    revoked: list[bool] = []

    def revoke() -> None:
        api_keys.revoke(key)
        revoked.append(True)

    def ask() -> list[tuple[bool, bool]]:
        """Whether it was revoked before we asked, and whether we were let in."""
        seen = []
        for _ in range(20):
            before = bool(revoked)
            found = api_keys.authenticate(caller.environment.dev_id, caller.api_key)
            seen.append((before, found is not None))
        return seen

    _, *asked = run_together(revoke, *[ask] * 4)

    assert (True, True) not in [one for seen in asked for one in seen]
    assert api_keys.authenticate(caller.environment.dev_id, caller.api_key) is None
