"""Who may ask: both headers, in any case, of one environment, with a key that is not revoked."""

import pytest

from developers import api_keys
from developers.models import ApiKey
from tests.api.caller import Caller

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
    ]

    answers = [a.send("GET", "/subscriptions", headers=headers) for headers in wrong]

    assert [answer.status for answer in answers] == [401] * len(wrong)
    assert [answer.body for answer in answers] == [answers[0].body] * len(wrong)


def test_a_revoked_key_stops_at_once(a: Caller) -> None:
    assert a.get("/subscriptions").status == 200

    api_keys.revoke(ApiKey.objects.get(environment=a.environment))

    assert a.get("/subscriptions").status == 401


def test_an_answer_sets_no_cookie(a: Caller) -> None:
    a.get("/subscriptions")

    assert not a.client.cookies
