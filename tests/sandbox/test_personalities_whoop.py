import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from .company import REDIRECT, NoticeServer
from .process import Sandbox
from .stand_in import StandIn

HOST = "https://api.prod.whoop.com"
SCOPES = "offline read:recovery read:sleep read:profile"
DEAD = (401, "Authorization was not valid")


class Whoop(StandIn):
    def authorize(self, **changes: str | None) -> str:
        no_pkce = {"code_challenge": None, "code_challenge_method": None}
        asked = {**no_pkce, "scope": SCOPES, **changes}
        return self.authorize_url(f"{HOST}/oauth/oauth2/auth", **asked)

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.call("POST", f"{HOST}/oauth/oauth2/token", data={**form, **self.in_body})

    def exchange(self, code: str, **more: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return self.token({**form, **more})

    def connect(self, **changes: str | None) -> dict[str, Any]:
        answer = self.exchange(self.decide(self.authorize(**changes))["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any], scope: str | None = "offline") -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form if scope is None else {**form, "scope": scope})

    def profile(self, tokens: dict[str, Any]) -> requests.Response:
        url = f"{HOST}/developer/v2/user/profile/basic"
        return self.call("GET", url, tokens["access_token"])

    def leave(self, tokens: dict[str, Any]) -> requests.Response:
        return self.call("DELETE", f"{HOST}/developer/v2/user/access", tokens["access_token"])


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Whoop:
    return Whoop(sandbox, "whoop", notices.url)


def said(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.text


def error(answer: requests.Response) -> tuple[int, str]:
    assert answer.json()["error_description"]
    return answer.status_code, answer.json()["error"]


def test_the_token_answer(app: Whoop) -> None:
    tokens = app.connect()
    assert sorted(tokens) == ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    assert (tokens["expires_in"], tokens["scope"]) == (3600, SCOPES)
    profile = app.profile(tokens).json()
    assert sorted(profile) == ["email", "first_name", "last_name", "user_id"]
    assert isinstance(profile["user_id"], int)
    assert str(profile["user_id"]) == app.account_id
    other = Whoop(app.sandbox, "whoop", account=app.account)
    assert other.profile(other.connect()).json()["user_id"] == profile["user_id"]


def test_the_client_is_known_by_the_body_alone(app: Whoop) -> None:
    code = app.decide(app.authorize())["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    basic = app.call("POST", f"{HOST}/oauth/oauth2/token", data=form, auth=app.basic)
    assert error(basic) == (401, "invalid_client")
    assert app.exchange(code).status_code == 200


def test_a_code_challenge_is_ignored(app: Whoop) -> None:
    begun = app.authorize(code_challenge="x" * 43, code_challenge_method="S256")
    assert app.exchange(app.decide(begun)["code"]).status_code == 200


@pytest.mark.parametrize("state", [None, "1234567"])
def test_the_state_has_eight_characters(app: Whoop, state: str | None) -> None:
    assert app.decide(app.authorize(state=state))["error"] == "invalid_request"
    assert "code" in app.decide(app.authorize(state="12345678"))


def test_all_or_nothing(app: Whoop) -> None:
    code = app.decide(app.authorize(), scopes=["read:sleep"])["code"]
    assert app.exchange(code).json()["scope"] == SCOPES
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"


def test_without_offline_there_is_no_refresh_token(app: Whoop) -> None:
    assert "refresh_token" not in app.connect(scope="read:profile read:sleep")


def test_a_refresh_asks_for_offline_again(app: Whoop) -> None:
    first = app.connect()
    second = app.refresh(first).json()
    assert second["scope"] == SCOPES
    assert second["refresh_token"] != first["refresh_token"]
    assert app.profile(second).status_code == 200
    assert "refresh_token" not in app.refresh(second, scope=None).json()


def test_a_refresh_kills_the_access_token_and_works_once(app: Whoop) -> None:
    first = app.connect()
    second = app.refresh(first).json()
    assert said(app.profile(first)) == DEAD
    assert error(app.refresh(first)) == (400, "invalid_grant")
    assert said(app.profile(second)) == DEAD
    app.dial(refresh_reuse_kills=False)
    third = app.connect()
    fourth = app.refresh(third).json()
    assert error(app.refresh(third)) == (400, "invalid_grant")
    assert app.profile(fourth).status_code == 200


def test_a_refused_token_is_told_in_plain_text(app: Whoop) -> None:
    assert said(app.profile({"access_token": "x"})) == DEAD
    assert said(app.leave({"access_token": "x"})) == DEAD
    assert said(app.profile(app.connect(scope="read:sleep"))) == DEAD
    app.dial(me_answer="invalid_token", token_answer="invalid_grant")
    tokens = {"access_token": "x", "refresh_token": "x"}
    assert said(app.profile(tokens)) == DEAD
    assert error(app.refresh(tokens)) == (400, "invalid_grant")


def test_a_revoke_ends_the_members_access_for_the_client(app: Whoop) -> None:
    app.dial(second_consent_kills=False)
    first, second = app.connect(), app.connect()
    other = Whoop(app.sandbox, "whoop", account=app.account)
    theirs = other.connect()
    gone = app.leave(first)
    assert (gone.status_code, gone.content) == (204, b"")
    assert said(app.profile(second)) == DEAD
    assert error(app.refresh(second)) == (400, "invalid_grant")
    assert other.profile(theirs).status_code == 200
    assert app.planned() == []


def test_nobody_is_told_of_a_revocation(app: Whoop) -> None:
    tokens = app.connect()
    assert app.press_revoke() == 1
    assert said(app.profile(tokens)) == DEAD
    assert app.planned() == []


def test_rate_limit_headers(app: Whoop) -> None:
    answer = app.profile(app.connect())
    assert answer.headers["X-RateLimit-Limit"] == "100, 100;window=60, 10000;window=86400"
    assert 1 <= int(answer.headers["X-RateLimit-Reset"]) <= 60
    app.dial(me_answer="429")
    spent = app.profile({"access_token": "x"})
    assert (spent.status_code, spent.headers["X-RateLimit-Remaining"]) == (429, "0")


def signature(body: bytes, stamp: str, secret: str) -> str:
    signed = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(signed).decode()


def test_forged_webhooks_carry_its_signature(app: Whoop, notices: NoticeServer) -> None:
    other = Whoop(app.sandbox, "whoop")
    forged = {"client_id": app.client_id, "body": {"type": "sleep.updated", "user_id": 1}}
    ways: list[dict[str, str]] = [{}, {"signature": "wrong"}, {"in_name_of": other.client_id}]
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number + 1)
    for notice, secret in zip(notices.received, [app.secret, "wrong", other.secret], strict=True):
        stamp = notice.headers["x-whoop-signature-timestamp"]
        assert len(stamp) == 13
        assert notice.headers["x-whoop-signature"] == signature(notice.body, stamp, secret)


def test_the_published_vector_of_the_signature() -> None:
    body = {
        "user_id": 10129,
        "id": "ecfc6a15-4661-442f-a9a4-f160dd7afae8",
        "type": "sleep.updated",
        "trace_id": "d3709ee7-104e-4f70-a928-2932964b017b",
    }
    told = json.dumps(body, separators=(",", ":")).encode()
    expected = "YXXM3tw2txiE4LYVIS3Is0/8hgQLKZbxksnLlBPUnqs="
    assert signature(told, "1700000000000", "s3cr3t") == expected
