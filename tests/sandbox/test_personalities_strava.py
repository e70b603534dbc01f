import hashlib
import hmac
import json
import time
from typing import Any

import pytest
import requests

from .company import NoticeServer
from .process import Sandbox
from .stand_in import StandIn

HOST = "https://www.strava.com"
PUSHES = f"{HOST}/api/v3/push_subscriptions"
WORD = "verify-word"
DEAD = (401, "Athlete", "access_token", "invalid")
GONE = (400, "RefreshToken", "refresh_token", "invalid")


class Strava(StandIn):
    def authorize(self, **changes: str | None) -> str:
        no_pkce = {"code_challenge": None, "code_challenge_method": None}
        asked = {**no_pkce, "scope": "read,activity:read", **changes}
        return self.authorize_url(f"{HOST}/oauth/authorize", **asked)

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.call("POST", f"{HOST}/oauth/token", data={**form, **self.in_body})

    def exchange(self, code: str) -> requests.Response:
        return self.token({"grant_type": "authorization_code", "code": code})

    def connect(self, **more: Any) -> dict[str, Any]:
        answer = self.exchange(self.decide(self.authorize(), **more)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form)

    def get(self, what: str, tokens: dict[str, Any]) -> requests.Response:
        return self.call("GET", f"{HOST}/api/v3/{what}", tokens["access_token"])

    def revoke(self, token: str, **more: Any) -> requests.Response:
        form = {"token": token, "token_type_hint": "refresh_token"}
        return self.call("POST", f"{HOST}/oauth/revoke", data=form, **{"auth": self.basic, **more})

    def push(self, method: str = "POST", url: str = PUSHES, **more: Any) -> requests.Response:
        order = {**self.in_body, "callback_url": self.notice_url, "verify_token": WORD, **more}
        if method == "POST":
            return self.call(method, url, data=order)
        return self.call(method, url, params=order)


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Strava:
    def tested(asked: dict[str, str]) -> tuple[int, str]:
        known = asked.get("hub.verify_token") == WORD and asked.get("hub.mode") == "subscribe"
        return (200 if known else 403), json.dumps({"hub.challenge": asked.get("hub.challenge")})

    notices.tested, notices.heard_status = tested, 200
    sandbox.control("PATCH", "dials", {"notices": "once"})
    return Strava(sandbox, "strava", notices.url)


def error(answer: requests.Response) -> tuple[int, str, str, str]:
    assert answer.json()["message"]
    first = answer.json()["errors"][0]
    return answer.status_code, first["resource"], first["field"], first["code"]


def test_the_token_answer_names_the_athlete_once(app: Strava) -> None:
    tokens = app.connect()
    assert sorted(tokens) == [
        "access_token", "athlete", "expires_at", "expires_in", "refresh_token", "token_type",
    ]  # fmt: skip
    assert (tokens["expires_in"], tokens["token_type"]) == (21_600, "Bearer")
    assert abs(tokens["expires_at"] - time.time() - 21_600) < 30
    assert isinstance(tokens["athlete"]["id"], int)
    assert str(tokens["athlete"]["id"]) == app.account_id
    assert "athlete" not in app.refresh(tokens).json()
    assert app.get("athlete", tokens).json()["id"] == tokens["athlete"]["id"]


def test_both_addresses_of_the_token_endpoint_want_the_secret_in_the_body(app: Strava) -> None:
    code = app.decide(app.authorize())["code"]
    form = {"grant_type": "authorization_code", "code": code}
    basic = app.call("POST", f"{HOST}/oauth/token", data=form, auth=app.basic)
    assert error(basic) == (401, "Application", "", "invalid")
    other = app.call("POST", f"{HOST}/api/v3/oauth/token", data={**form, **app.in_body})
    assert other.status_code == 200


def test_only_the_domain_of_the_callback_counts(app: Strava) -> None:
    told = app.sandbox.control(
        "POST",
        "authorize",
        {
            "authorize_url": app.authorize(redirect_uri="http://127.0.0.1:9/elsewhere"),
            "account": app.account,
            "decision": "allow",
        },
    )
    assert told["redirect"].startswith("http://127.0.0.1:9/elsewhere?")
    for foreign in ["http://evil.example/callback", "nonsense", "http://[::1"]:
        refused = requests.get(app.authorize(redirect_uri=foreign), timeout=20)
        assert (refused.status_code, "We cannot ask you this" in refused.text) == (400, True)


def test_scopes_have_commas_and_what_was_ticked_comes_back_beside_the_code(app: Strava) -> None:
    assert app.decide(app.authorize())["scope"] == "read,activity:read"
    told = app.decide(app.authorize(), scopes=["read"])
    assert told["scope"] == "read"
    tokens = app.exchange(told["code"]).json()
    missing = app.get("athlete/activities", tokens)
    assert error(missing) == (401, "AccessToken", "activity:read_permission", "missing")
    assert app.get("athlete", tokens).status_code == 200
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"


def test_a_mobile_authorise_address(app: Strava) -> None:
    url = app.authorize().replace("/oauth/authorize", "/oauth/mobile/authorize")
    assert app.exchange(app.decide(url)["code"]).status_code == 200


SET = ("access_token", "refresh_token", "expires_at")


def test_a_set_is_repeated_until_its_last_hour(app: Strava) -> None:
    first = app.connect()
    again = app.refresh(first).json()
    assert [again[name] for name in SET[:2]] == [first[name] for name in SET[:2]]
    assert abs(again["expires_at"] - first["expires_at"]) <= 1
    app.dial(access_token_seconds=3600)
    app.account = f"{app.account} II"
    short = app.connect()
    fresh = app.refresh(short).json()
    assert fresh["access_token"] != short["access_token"]
    assert fresh["refresh_token"] != short["refresh_token"]
    for alive in [short, fresh]:
        assert app.get("athlete", alive).status_code == 200
    assert error(app.refresh(short)) == GONE


def test_a_second_consent_joins_the_lineage(app: Strava) -> None:
    first = app.connect()
    second = app.connect(scopes=["read"])
    assert [second[name] for name in SET[:2]] == [first[name] for name in SET[:2]]
    assert error(app.get("athlete/activities", first))[1] == "AccessToken"
    live = app.sandbox.control("GET", f"accounts/{app.account}")
    assert len(live["consents"]) == len(live["refresh_tokens"]) == 1
    other = Strava(app.sandbox, "strava", account=app.account)
    assert other.connect()["access_token"] != first["access_token"]
    app.dial(second_consent_kills=True)
    third = app.connect()
    assert third["access_token"] != first["access_token"]
    assert error(app.get("athlete", first)) == DEAD
    assert error(app.refresh(first)) == GONE
    assert app.get("athlete", third).status_code == 200


def test_a_second_consent_in_the_last_hour_retires_the_refresh_token(app: Strava) -> None:
    app.dial(access_token_seconds=3600, refresh_reuse_kills=False)
    first, second = app.connect(), app.connect()
    assert second["refresh_token"] != first["refresh_token"]
    assert error(app.refresh(first)) == GONE
    assert app.refresh(second).status_code == 200


def test_refusals(app: Strava) -> None:
    assert error(app.get("athlete", {"access_token": "x"})) == DEAD
    assert error(app.refresh({"refresh_token": "x"})) == GONE
    assert error(app.exchange("x")) == (400, "AuthorizationCode", "code", "invalid")
    app.dial(token_answer="invalid_client", me_answer="invalid_token")
    assert error(app.exchange("x")) == (401, "Application", "", "invalid")
    assert error(app.get("athlete", {"access_token": "x"})) == DEAD
    app.dial(token_answer="invalid_grant")
    assert error(app.exchange("x")) == GONE


def test_a_revoke_wants_basic_and_answers_200_to_the_dead(app: Strava) -> None:
    tokens = app.connect()
    assert error(app.revoke("x", auth=None)) == (401, "Application", "", "invalid")
    assert error(app.revoke("x", auth=(app.client_id, "no"))) == (401, "Application", "", "invalid")
    assert app.get("athlete", tokens).status_code == 200
    assert app.revoke(tokens["refresh_token"]).status_code == 200
    assert error(app.get("athlete", tokens)) == DEAD
    assert error(app.refresh(tokens)) == GONE
    assert app.revoke(tokens["refresh_token"]).status_code == 200


def test_the_older_revoke_takes_an_access_token(app: Strava) -> None:
    tokens = app.connect()
    form = {"access_token": tokens["access_token"]}
    other = Strava(app.sandbox, "strava", account=app.account)
    theirs = other.connect()
    gone = app.call("POST", f"{HOST}/oauth/deauthorize", data=form)
    assert (gone.status_code, gone.json()) == (200, form)
    assert error(app.refresh(tokens)) == GONE
    assert error(app.call("POST", f"{HOST}/oauth/deauthorize", data=form)) == DEAD
    assert other.get("athlete", theirs).status_code == 200


def test_one_subscription_whose_address_repeats_the_challenge(
    app: Strava, notices: NoticeServer
) -> None:
    made = app.push()
    assert (made.status_code, sorted(made.json())) == (201, ["id"])
    assert sorted(notices.tests[0]) == ["hub.challenge", "hub.mode", "hub.verify_token"]
    listed = app.push("GET").json()
    assert [(one["id"], one["callback_url"]) for one in listed] == [
        (made.json()["id"], app.notice_url)
    ]
    assert error(app.push()) == (400, "PushSubscription", "callback url", "already exists")
    one = f"{PUSHES}/{made.json()['id']}"
    other = Strava(app.sandbox, "strava")
    assert other.push("DELETE", one).status_code == 404
    assert app.push("DELETE", one).status_code == 204
    assert app.push("GET").json() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"verify_token": "another"}, "GET to callback URL does not return 200"),
        ({"callback_url": "nonsense"}, "not a valid URL"),
        ({"callback_url": "http://[::1"}, "not a valid URL"),
        ({"callback_url": f"http://127.0.0.1:9/{'x' * 255}"}, "not a valid URL"),
    ],
)
def test_an_unfit_subscription(app: Strava, changes: dict[str, str], expected: str) -> None:
    assert error(app.push(**changes)) == (400, "PushSubscription", "callback url", expected)
    assert error(app.push(client_secret="no")) == (401, "Application", "", "invalid")


def test_an_address_that_repeats_another_challenge(app: Strava, notices: NoticeServer) -> None:
    notices.tested = lambda asked: (200, json.dumps({"hub.challenge": "another"}))
    assert error(app.push())[3] == "GET to callback URL does not return 200"


def test_a_deauthorisation_is_told_to_the_subscription(app: Strava, notices: NoticeServer) -> None:
    number = app.push().json()["id"]
    athlete, before = app.connect()["athlete"]["id"], int(time.time())
    assert app.press_revoke() == 1
    notice = notices.wait_for(1)
    event = json.loads(notice.body)
    assert before <= event.pop("event_time") <= time.time()
    assert event == {
        "object_type": "athlete",
        "object_id": athlete,
        "aspect_type": "update",
        "updates": {"authorized": "false"},
        "owner_id": athlete,
        "subscription_id": number,
    }
    assert "x-strava-signature" not in notice.headers


def test_without_a_subscription_nobody_is_told(app: Strava) -> None:
    app.connect()
    assert app.press_revoke() == 1
    assert app.planned() == []


def test_the_echo_of_a_revoke_is_a_dial(app: Strava) -> None:
    app.push()
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 1
    app.dial(revoke_sends_notice=False)
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 1


def signature(body: bytes, stamp: str, secret: str) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()


def test_with_a_notice_secret_events_are_signed(sandbox: Sandbox, notices: NoticeServer) -> None:
    notices.heard_status = 200
    app = Strava(sandbox, "strava", notices.url, "first-secret")
    other = Strava(sandbox, "strava", notices.url, "other-secret")
    forged = {"client_id": app.client_id, "body": {"object_type": "athlete"}}
    ways: list[dict[str, str]] = [{}, {"signature": "wrong"}, {"in_name_of": other.client_id}]
    for number, way in enumerate(ways):
        sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number + 1)
    secrets = ["first-secret", "wrong", "other-secret"]
    for notice, secret in zip(notices.received, secrets, strict=True):
        stamp, _, given = notice.headers["x-strava-signature"].partition(",")
        expected = signature(notice.body, stamp.removeprefix("t="), secret)
        assert given == f"v1={expected}"


def test_the_published_vector_of_the_signature() -> None:
    body = (
        b'{"aspect_type":"update","event_time":1700000000,"object_id":134815,'
        b'"object_type":"athlete","owner_id":134815,"subscription_id":1,'
        b'"updates":{"authorized":"false"}}'
    )
    expected = "2728cb980f3381b5d29a3f70be67e832fc4af4afffdf44acf12985e996bf65bb"
    assert signature(body, "1700000000", "s3cr3t") == expected


def test_rate_limit_headers_and_a_429_without_a_wait(app: Strava) -> None:
    headers = app.get("athlete", app.connect()).headers
    assert (headers["X-RateLimit-Limit"], headers["X-ReadRateLimit-Limit"]) == (
        "200,2000",
        "100,1000",
    )
    app.dial(me_answer="429")
    spent = app.get("athlete", {"access_token": "x"})
    assert (spent.status_code, spent.headers.get("Retry-After")) == (429, None)
    assert spent.headers["X-ReadRateLimit-Usage"] == "101,101"
