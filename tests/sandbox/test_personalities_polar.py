import json
import re
from typing import Any

import pytest
import requests

from .company import NoticeServer
from .polar import API, TOKEN, USERS, Polar, proof, signature
from .process import Sandbox


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Polar:
    notices.heard_status = 200
    sandbox.control("PATCH", "dials", {"notices": "once"})
    return Polar(sandbox, "polar", notices.url)


def error(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def bare(answer: requests.Response) -> int:
    """The status of an answer that says nothing beside it."""
    assert answer.content == b""
    assert answer.ok or "Content-Type" not in answer.headers
    return answer.status_code


# Tokens


def test_the_token_answer(app: Polar) -> None:
    tokens = app.connect()
    assert sorted(tokens) == ["access_token", "expires_in", "token_type", "x_user_id"]
    assert (tokens["expires_in"], tokens["token_type"]) == (631_138_518, "bearer")
    assert tokens["x_user_id"] == int(app.account_id)
    standing = app.sandbox.control("GET", "dials?personality=polar")
    assert standing["code_seconds"] == 600


def test_there_is_no_refresh(app: Polar) -> None:
    app.connect()
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    assert error(app.token(form)) == (400, "unsupported_grant_type")
    living = app.sandbox.control("GET", f"accounts/{app.account}")
    assert (living["access_tokens"], living["refresh_tokens"]) == ([app.client_id], [])


def test_the_client_is_known_by_basic_alone(app: Polar) -> None:
    code = app.decide(app.authorize())["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
    in_body = app.call("POST", TOKEN, data={**form, **app.in_body})
    assert error(in_body) == (401, "invalid_client")
    wrong = app.call("POST", TOKEN, data=form, auth=(app.client_id, "wrong"))
    assert error(wrong) == (401, "invalid_client")
    elsewhere = app.exchange(code, redirect_uri="http://127.0.0.1:9/other")
    assert elsewhere.status_code == 400
    assert app.exchange(code).status_code == 200


def test_a_code_works_once(app: Polar) -> None:
    code = app.decide(app.authorize())["code"]
    tokens = app.exchange(code).json()
    assert error(app.exchange(code)) == (400, "invalid_grant")
    assert bare(app.user(tokens)) == 401


def test_all_or_nothing_is_allowed(app: Polar) -> None:
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"
    assert "code" in app.decide(app.authorize(), scopes=[])
    assert "code" in app.decide(app.authorize(scope=None))


def test_a_second_consent_kills_the_first_token_and_keeps_the_registration(app: Polar) -> None:
    first = app.connect()
    app.register(first)
    second = app.connect()
    assert bare(app.user(first)) == 401
    assert bare(app.register(second)) == 409
    assert app.user(second).status_code == 200


# The registration


def test_a_person_is_registered_once(app: Polar) -> None:
    tokens = app.connect()
    assert bare(app.user(tokens)) == 204
    made = app.register(tokens, "ours-1")
    shown = made.json()
    assert (made.status_code, shown["polar-user-id"]) == (200, tokens["x_user_id"])
    assert shown["member-id"] == "ours-1"
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", shown["registration-date"])
    assert app.user(tokens).json() == shown
    assert bare(app.register(tokens, "ours-2")) == 409


def test_a_member_id_belongs_to_one_person_of_the_app(app: Polar) -> None:
    app.register(app.connect(), "ours")
    somebody = Polar(app.sandbox, "polar")
    other = Polar(app.sandbox, "polar", account=app.account)
    assert other.register(other.connect(), "ours").status_code == 200
    app.account = somebody.account
    assert bare(app.register(app.connect(), "ours")) == 409


@pytest.mark.parametrize("member_id", [None, 7, [], {}, "x" * 101])
def test_a_registration_needs_a_member_id(app: Polar, member_id: Any) -> None:
    tokens = app.connect()
    answer = app.call("POST", USERS, tokens["access_token"], json={"member-id": member_id})
    assert bare(answer) == 400


@pytest.mark.parametrize("data", [b"", b"<register/>", b"[]", b'{"member-id":"\\ud800"}', b"\xff"])
def test_a_registration_is_json(app: Polar, data: bytes) -> None:
    answer = app.call("POST", USERS, app.connect()["access_token"], data=data)
    assert bare(answer) == 400


def test_a_missing_consent_is_a_dial(app: Polar) -> None:
    tokens = app.connect()
    app.dial(subscribe_answer={"answer": "403", "times": 1})
    assert app.register(tokens).status_code == 403
    assert app.register(tokens).status_code == 200


def test_who_may_look(app: Polar) -> None:
    tokens = app.connect()
    assert bare(app.call("GET", f"{USERS}/{tokens['x_user_id']}")) == 401
    assert bare(app.user({**tokens, "access_token": "nobody's"})) == 401
    for method in ("GET", "DELETE"):
        assert bare(app.user({**tokens, "x_user_id": 1}, method)) == 403
    assert bare(app.call("GET", f"{API}/dreams")) == 404
    assert bare(app.call("PUT", USERS)) == 405


def test_the_limits_are_told_in_pairs(app: Polar) -> None:
    tokens = app.connect()
    headers = app.user(tokens).headers
    assert (headers["RateLimit-Usage"], headers["RateLimit-Limit"]) == ("1, 1", "520, 5100")
    quarter, day = (int(seconds) for seconds in headers["RateLimit-Reset"].split(", "))
    assert 0 < quarter <= 900
    assert 0 < day <= 86_400
    app.dial(me_answer="429")
    spent = app.user(tokens)
    assert (spent.status_code, spent.headers["RateLimit-Usage"]) == (429, "520, 1")


@pytest.mark.parametrize("dial", ["invalid_client", "invalid_token"])
def test_failing_answers_are_in_the_form_of_the_call(app: Polar, dial: str) -> None:
    tokens = app.connect()
    app.dial(token_answer=dial, me_answer=dial, revoke_answer=dial, subscribe_answer=dial)
    assert error(app.exchange("x")) == (401, dial)
    assert bare(app.user(tokens)) == bare(app.user(tokens, "DELETE")) == 401
    assert bare(app.register(tokens)) == bare(app.webhook()) == 401


# Revocation


def test_the_app_ends_token_and_registration(app: Polar) -> None:
    app.dial(second_consent_kills=False)
    first, second = app.connect(), app.connect()
    app.register(first)
    other = Polar(app.sandbox, "polar", account=app.account)
    theirs = other.connect()
    other.register(theirs)
    assert bare(app.user(second, "DELETE")) == 204
    assert bare(app.user(first)) == bare(app.user(second)) == 401
    assert bare(app.user(second, "DELETE")) == 401
    assert other.user(theirs).status_code == 200
    assert app.register(app.connect()).status_code == 200


def test_nobody_is_told_when_a_person_revokes(app: Polar) -> None:
    tokens = app.connect()
    app.register(tokens)
    assert app.order().status_code == 201
    assert app.press_revoke() == 1
    assert bare(app.user(tokens)) == 401
    assert app.planned() == []
    assert bare(app.register(app.connect())) == 409


# Webhooks


def test_a_webhook_is_ordered_once(app: Polar, notices: NoticeServer) -> None:
    assert app.webhook().json() == {"data": []}
    made = app.order()
    told = made.json()["data"]
    assert (made.status_code, sorted(told)) == (
        201, ["events", "id", "signature_secret_key", "url"],
    )  # fmt: skip
    ping = notices.wait_for(1)
    assert sorted(json.loads(ping.body)) == ["event", "timestamp"]
    assert json.loads(ping.body)["event"] == ping.headers["polar-webhook-event"] == "PING"
    assert "polar-webhook-signature" not in ping.headers
    del told["signature_secret_key"]
    assert told == {**told, "events": ["EXERCISE", "SLEEP"], "url": app.notice_url}
    assert app.webhook().json() == {"data": [told]}
    assert bare(app.order()) == 409
    assert bare(app.webhook("DELETE", "nothing")) == 404
    assert bare(app.webhook("DELETE", told["id"])) == 204
    again = app.order().json()["data"]
    assert again["id"] != told["id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"events": []}, {"events": "EXERCISE"}, {"events": ["DREAM"]}, {"events": [[]]},
        {"events": None}, {"url": ""}, {"url": "ftp://x/"}, {"url": "http://["}, {"url": None},
        {"url": "http://127.0.0.1:9/"},
    ],
)  # fmt: skip
def test_an_order_that_cannot_be(
    app: Polar, notices: NoticeServer, changes: dict[str, Any]
) -> None:
    assert bare(app.order(**changes)) == 400
    assert notices.received == []
    assert app.webhook().json() == {"data": []}


def test_an_address_must_take_a_ping_with_200(app: Polar, notices: NoticeServer) -> None:
    notices.heard_status = 204
    assert bare(app.order()) == 400
    notices.heard_status = 200
    assert app.order().status_code == 201


def test_webhooks_are_the_application_s_own(app: Polar) -> None:
    key = app.order().json()["data"]["id"]
    other = Polar(app.sandbox, "polar")
    for auth in [None, (app.client_id, "wrong"), ("nobody's", app.secret)]:
        assert bare(app.webhook(auth=auth)) == 401
    assert bare(other.webhook("DELETE", key)) == 404
    assert other.webhook().json() == {"data": []}


def test_news_are_signed_with_the_secret_of_the_webhook(app: Polar, notices: NoticeServer) -> None:
    asked = {"account": app.account, "client_id": app.client_id}
    tokens = app.connect()
    secret = app.order().json()["data"]["signature_secret_key"]
    assert app.sandbox.control("POST", "news", asked) == {"told": 0}
    app.register(tokens)
    assert app.sandbox.control("POST", "news", asked) == {"told": 1}
    notice = notices.wait_for(2)
    told = json.loads(notice.body)
    assert sorted(told) == ["entity_id", "event", "timestamp", "url", "user_id"]
    assert (told["event"], told["user_id"]) == ("EXERCISE", tokens["x_user_id"])
    assert notice.headers["polar-webhook-event"] == "EXERCISE"
    assert proof(notice) == signature(notice.body, secret)


def test_forged_notices(app: Polar, notices: NoticeServer) -> None:
    secret = app.order().json()["data"]["signature_secret_key"]
    other = Polar(app.sandbox, "polar", f"{app.notice_url}/other")
    theirs = other.order().json()["data"]["signature_secret_key"]
    forged = {"client_id": app.client_id, "body": {"event": "SLEEP"}}
    ways: list[dict[str, Any]] = [
        {}, {"signature": "wrong"}, {"in_name_of": other.client_id}, {"body": "no JSON"},
    ]  # fmt: skip
    for number, way in enumerate(ways, start=3):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number)
    proofs = [(proof(one), one.body) for one in notices.received[2:]]
    expected = [secret, "wrong", theirs, secret]
    assert proofs == [
        (signature(body, key), body) for (_, body), key in zip(proofs, expected, strict=True)
    ]


def test_the_published_vector_of_the_signature() -> None:
    body = b'{"event":"PING","timestamp":"2026-11-23T09:00:00Z"}'
    expected = "98af42da1367c79956291ac7c8fa2a8a2c20281b7080419f68019b8473742b77"
    assert signature(body, "s3cr3t") == expected


def test_calls_are_logged_by_kind(app: Polar) -> None:
    since = max([call["number"] for call in app.sandbox.control("GET", "log")], default=0)
    tokens = app.connect()
    app.register(tokens)
    app.user(tokens)
    app.order()
    app.user(tokens, "DELETE")
    calls = app.sandbox.control("GET", f"log?since={since}")
    mine = [call for call in calls if call["client_id"] == app.client_id]
    assert [(call["kind"], call["status"]) for call in mine] == [
        ("token", 200), ("register", 200), ("me", 200), ("subscribe", 201), ("revoke", 204),
    ]  # fmt: skip
    assert {call["personality"] for call in mine} == {"polar"}
