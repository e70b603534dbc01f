import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from .company import REDIRECT, VERIFIER, NoticeServer, Received, wait_until
from .process import Sandbox
from .stand_in import StandIn

AUTHORIZE = "https://www.fitbit.com/oauth2/authorize"
API = "https://api.fitbit.com"
CODE = "verification-code"
SUBSCRIPTION = f"{API}/1/user/-/userRevokedAccess/apiSubscriptions"


class Fitbit(StandIn):
    def authorize(self, **changes: str | None) -> str:
        return self.authorize_url(AUTHORIZE, **{"scope": "activity profile sleep", **changes})

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.call("POST", f"{API}/oauth2/token", data=form, auth=self.basic)

    def exchange(self, code: str, **changes: str | None) -> requests.Response:
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
        kept = {name: value for name, value in form.items() if value is not None}
        return self.token({"grant_type": "authorization_code", **kept})

    def connect(self, **more: Any) -> dict[str, Any]:
        answer = self.exchange(self.decide(self.authorize(), **more)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form)

    def revoke(self, token: str) -> requests.Response:
        return self.call("POST", f"{API}/oauth2/revoke", data={"token": token}, auth=self.basic)

    def profile(self, tokens: dict[str, Any]) -> requests.Response:
        return self.call("GET", f"{API}/1/user/-/profile.json", tokens["access_token"])

    def subscribe(self, tokens: dict[str, Any], key: str, base: str = SUBSCRIPTION) -> Any:
        return self.call("POST", f"{base}/{key}.json", tokens["access_token"])


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Fitbit:
    notices.tested = lambda asked: (204 if asked.get("verify") == CODE else 404, "")
    sandbox.control("PATCH", "dials", {"notices": "once"})
    return Fitbit(sandbox, "fitbit", notices.url, CODE)


def error(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["success"] is False
    assert body["errors"][0]["message"]
    return answer.status_code, body["errors"][0]["errorType"]


def signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(f"{secret}&".encode(), body, hashlib.sha1).digest()).decode()


def proof(notice: Received) -> str:
    return notice.headers["x-fitbit-signature"]


def test_the_token_answer(app: Fitbit) -> None:
    tokens = app.connect()
    assert sorted(tokens) == [
        "access_token", "expires_in", "refresh_token", "scope", "token_type", "user_id",
    ]  # fmt: skip
    assert (tokens["expires_in"], tokens["token_type"]) == (28_800, "Bearer")
    assert tokens["scope"] == "activity profile sleep"
    assert re.fullmatch("[0-9A-Z]{6}", tokens["user_id"])
    assert tokens["user_id"] == app.account_id
    other = Fitbit(app.sandbox, "fitbit", account=app.account)
    assert other.connect()["user_id"] == tokens["user_id"]


def test_the_client_is_known_by_basic_alone(app: Fitbit) -> None:
    code = app.decide(app.authorize())["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    in_body = app.call("POST", f"{API}/oauth2/token", data={**form, **app.in_body})
    assert error(in_body) == (401, "invalid_client")
    wrong = app.call("POST", f"{API}/oauth2/token", data=form, auth=(app.client_id, "wrong"))
    assert error(wrong) == (401, "invalid_client")
    assert app.exchange(code).status_code == 200


def test_pkce_is_optional_and_held_to_where_it_was_begun(app: Fitbit) -> None:
    plain = app.authorize(code_challenge=None, code_challenge_method=None)
    assert app.exchange(app.decide(plain)["code"], code_verifier=None).status_code == 200
    begun = app.decide(app.authorize())["code"]
    assert error(app.exchange(begun, code_verifier="w" * 60)) == (400, "invalid_grant")
    assert app.exchange(begun).status_code == 200


def test_deny_and_partial_consent(app: Fitbit) -> None:
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"
    assert app.connect(scopes=["sleep"])["scope"] == "sleep"


def test_a_refresh_token_works_once(app: Fitbit) -> None:
    first = app.connect()
    second = app.refresh(first).json()
    assert (second["user_id"], second["expires_in"]) == (first["user_id"], 28_800)
    assert second["refresh_token"] != first["refresh_token"]
    again = app.refresh(first)
    assert error(again) == (400, "invalid_grant")
    assert again.json()["errors"][0]["message"].startswith("Refresh token invalid: ")


def test_bearer_errors(app: Fitbit) -> None:
    assert error(app.profile({"access_token": "nobody's"})) == (401, "invalid_token")
    narrow = app.connect(scopes=["sleep"])
    assert error(app.profile(narrow)) == (403, "insufficient_scope")
    app.dial(access_token_seconds=1)
    tokens = app.connect()
    time.sleep(1.1)
    assert error(app.profile(tokens)) == (401, "expired_token")


def test_the_profile_and_its_rate_limit_headers(app: Fitbit) -> None:
    tokens = app.connect()
    answer = app.profile(tokens)
    assert answer.json()["user"]["encodedId"] == tokens["user_id"]
    assert answer.headers["Fitbit-Rate-Limit-Limit"] == "150"
    assert 0 <= int(answer.headers["Fitbit-Rate-Limit-Reset"]) <= 3600
    app.dial(me_answer="429")
    spent = app.profile(tokens)
    assert (spent.status_code, spent.headers["Fitbit-Rate-Limit-Remaining"]) == (429, "0")
    assert spent.headers["Retry-After"] == "1"


def test_introspection(app: Fitbit) -> None:
    tokens = app.connect()
    url, mine = f"{API}/1.1/oauth2/introspect", tokens["access_token"]
    told = app.call("POST", url, mine, data={"token": mine}).json()
    assert (told["active"], told["user_id"]) == (True, tokens["user_id"])
    assert app.call("POST", url, mine, data={"token": "x"}).json() == {"active": False}


@pytest.mark.parametrize(
    ("answer", "status", "kind"),
    [
        ("invalid_grant", 400, "invalid_grant"),
        ("invalid_client", 401, "invalid_client"),
        ("invalid_token", 401, "invalid_token"),
    ],
)
def test_failing_answers_are_in_its_own_form(
    app: Fitbit, answer: str, status: int, kind: str
) -> None:
    tokens = app.connect()
    app.dial(token_answer=answer, me_answer=answer, revoke_answer=answer, subscribe_answer=answer)
    for said in [app.refresh(tokens), app.profile(tokens), app.revoke("x")]:
        assert error(said) == (status, kind)
    assert error(app.subscribe(tokens, "one")) == (status, kind)
    app.dial(token_answer="410")
    assert app.refresh(tokens).status_code == 410


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoke_ends_every_session_of_the_person(app: Fitbit, kind: str) -> None:
    app.dial(second_consent_kills=False)
    first, second = app.connect(), app.connect()
    other = Fitbit(app.sandbox, "fitbit", account=app.account)
    theirs = other.connect()
    assert app.revoke(second[kind]).status_code == 200
    for dead in [first, second]:
        assert error(app.profile(dead)) == (401, "invalid_token")
        assert error(app.refresh(dead)) == (400, "invalid_grant")
    assert other.profile(theirs).status_code == 200


def test_subscriptions(app: Fitbit) -> None:
    tokens = app.connect()
    made = app.subscribe(tokens, "one")
    shown = {
        "collectionType": "userRevokedAccess",
        "ownerId": tokens["user_id"],
        "ownerType": "user",
        "subscriberId": "1",
        "subscriptionId": "one",
    }
    assert (made.status_code, made.json()) == (201, shown)
    assert app.subscribe(tokens, "one").status_code == 200
    assert error(app.subscribe(tokens, "two")) == (409, "conflict")
    assert error(app.subscribe(tokens, "x" * 51)) == (400, "validation")
    listed = app.call("GET", f"{SUBSCRIPTION}.json", tokens["access_token"])
    assert listed.json() == {"apiSubscriptions": [shown]}
    gone = app.call("DELETE", f"{SUBSCRIPTION}/one.json", tokens["access_token"])
    assert (gone.status_code, gone.content) == (204, b"")
    again = app.call("DELETE", f"{SUBSCRIPTION}/one.json", tokens["access_token"])
    assert error(again) == (404, "not_found")
    assert app.subscribe(tokens, "two").status_code == 201


def test_a_draft_is_what_a_revocation_would_tell_and_changes_nothing(app: Fitbit) -> None:
    asked = {"account": app.account, "client_id": app.client_id}
    tokens = app.connect()
    assert app.sandbox.control("POST", "notices/draft", asked) == []
    app.subscribe(tokens, "one")
    (draft,) = app.sandbox.control("POST", "notices/draft", asked)
    assert app.subscribe(tokens, "one").status_code == 200
    assert app.profile(tokens).status_code == 200
    assert app.planned() == []
    assert app.press_revoke() == 1
    assert (app.planned(), draft["content_type"], draft["url"]) == (
        [draft["body"]],
        "application/json",
        "",
    )


def test_subscriptions_to_data_need_its_scope(app: Fitbit) -> None:
    tokens = app.connect(scopes=["sleep"])
    base = f"{API}/1/user/-/%s/apiSubscriptions"
    assert app.subscribe(tokens, "one", base % "sleep").status_code == 201
    refused = app.subscribe(tokens, "two", base % "activities")
    assert error(refused) == (403, "insufficient_scope")
    assert error(app.subscribe(tokens, "two", base % "dreams")) == (404, "not_found")
    everything = app.subscribe(tokens, "two", f"{API}/1/user/-/apiSubscriptions")
    assert error(everything) == (403, "insufficient_scope")


def test_a_subscription_id_belongs_to_one_person(app: Fitbit) -> None:
    app.subscribe(app.connect(), "mine")
    app.account = f"person {secrets.token_hex(4)}"
    assert error(app.subscribe(app.connect(), "mine")) == (409, "conflict")


def test_the_subscribed_are_told_of_a_revocation(app: Fitbit, notices: NoticeServer) -> None:
    tokens = app.connect()
    app.subscribe(tokens, "consent-7")
    assert app.press_revoke() == 1
    notice = notices.wait_for(1)
    assert json.loads(notice.body) == [
        {
            "collectionType": "userRevokedAccess",
            "date": datetime.now(UTC).date().isoformat(),
            "ownerId": tokens["user_id"],
            "ownerType": "user",
            "subscriptionId": "consent-7",
        }
    ]
    assert proof(notice) == signature(notice.body, app.secret)
    assert [asked["verify"] == CODE for asked in notices.tests] == [True, False]
    assert app.subscribe(app.connect(), "another").status_code == 201


def test_the_unsubscribed_are_not_told(app: Fitbit) -> None:
    app.connect()
    assert app.press_revoke() == 1
    assert app.planned() == []


def test_no_notice_flows_before_the_url_is_verified(app: Fitbit, notices: NoticeServer) -> None:
    notices.tested = lambda asked: (204, "")
    app.subscribe(app.connect(), "one")
    app.press_revoke()
    wait_until(lambda: len(notices.tests) >= 2)
    assert notices.received == []
    asked = {"client_id": app.client_id}
    assert app.sandbox.control("POST", "clients/verify", asked) == {"verified": False}
    notices.tested = lambda asked: (204 if asked.get("verify") == CODE else 404, "")
    assert app.sandbox.control("POST", "clients/verify", asked) == {"verified": True}
    notices.wait_for(1)


def test_an_answer_other_than_204_makes_it_come_again(app: Fitbit, notices: NoticeServer) -> None:
    notices.heard_status = 200
    app.subscribe(app.connect(), "one")
    app.press_revoke()
    notices.wait_for(2)
    notices.heard_status = 204
    assert notices.received[0].body == notices.received[1].body


def test_the_echo_of_a_revoke_is_a_dial(app: Fitbit) -> None:
    app.subscribe(app.connect(), "one")
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 1
    app.dial(revoke_sends_notice=False)
    app.subscribe(app.connect(), "two")
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 1
    assert app.subscribe(app.connect(), "three").status_code == 201


def test_forged_notices(app: Fitbit, notices: NoticeServer) -> None:
    other = Fitbit(app.sandbox, "fitbit")
    forged = {"client_id": app.client_id, "body": [{"collectionType": "userRevokedAccess"}]}
    ways: list[dict[str, str]] = [{}, {"signature": "wrong"}, {"in_name_of": other.client_id}]
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number + 1)
    right, wrong, theirs = notices.received
    assert proof(right) == signature(right.body, app.secret)
    assert proof(wrong) == signature(wrong.body, "wrong")
    assert proof(theirs) == signature(theirs.body, other.secret)


def test_the_published_vector_of_the_signature() -> None:
    body = (
        b'[{"collectionType":"userRevokedAccess","date":"2026-11-23","ownerId":"ABC123",'
        b'"ownerType":"user","subscriptionId":"1"}]'
    )
    assert signature(body, "s3cr3t") == "UIG+pYk0/JSPSNgdf/nJAjfBiR0="


def test_calls_are_logged_by_kind(app: Fitbit) -> None:
    since = max([call["number"] for call in app.sandbox.control("GET", "log")], default=0)
    tokens = app.connect()
    app.profile(tokens)
    app.subscribe(tokens, "one")
    app.refresh(tokens)
    app.revoke(tokens["refresh_token"])
    calls = app.sandbox.control("GET", f"log?since={since}")
    mine = [call for call in calls if call["client_id"] == app.client_id]
    assert [(call["kind"], call["status"]) for call in mine] == [
        ("token", 200), ("me", 200), ("subscribe", 201), ("token", 200), ("revoke", 200),
    ]  # fmt: skip
    assert {(call["account"], call["personality"]) for call in mine} == {(app.account, "fitbit")}
