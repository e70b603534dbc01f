import time
from pathlib import Path

import pytest
import requests

from .company import REDIRECT, VERIFIER
from .google import (
    ACTIVITY,
    EMAIL,
    IDENTITY,
    KEYSET,
    REVOKE,
    SLEEP,
    TOKEN,
    Google,
    in_project,
)
from .process import Sandbox, start_sandbox
from .stand_in import StandIn


@pytest.fixture
def app(sandbox: Sandbox) -> Google:
    return in_project(sandbox)


def error(answer: requests.Response) -> tuple[int, str]:
    """OAuth's form, or that of Google's APIs."""
    said = answer.json()["error"]
    if isinstance(said, str):
        assert answer.json()["error_description"]
        return answer.status_code, said
    assert said["message"]
    assert said["code"] == answer.status_code
    return answer.status_code, said["status"]


# The consent


def test_the_token_answer(app: Google) -> None:
    back = app.decide(app.authorize())
    assert sorted(back) == ["authuser", "code", "prompt", "scope", "state"]
    assert back["scope"] == f"{SLEEP} {ACTIVITY} openid {EMAIL}"
    tokens = app.exchange(back["code"]).json()
    assert sorted(tokens) == [
        "access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type",
    ]  # fmt: skip
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")
    assert tokens["scope"] == back["scope"]


def test_an_account_has_three_names(app: Google) -> None:
    tokens = app.connect()
    said = app.identity(tokens).json()
    ids = app.sandbox.control("GET", f"accounts/{app.account}")["ids"]
    assert said == {
        "name": "users/me/identity",
        "legacyUserId": ids["fitbit"],
        "healthUserId": ids["google"],
    }
    claims = app.claims(tokens["id_token"])
    assert sorted(claims) == ["aud", "azp", "email", "exp", "iat", "iss", "sub"]
    assert claims["iss"] == "https://accounts.google.com"
    assert claims["sub"].isdigit()
    assert claims["sub"] not in said.values()
    again = in_project(app.sandbox, account=app.account)
    assert again.claims(again.connect()["id_token"])["sub"] == claims["sub"]


def test_without_openid_there_is_no_id_token(app: Google) -> None:
    assert "id_token" not in app.connect(scope=f"{SLEEP} email")
    assert "email" not in app.claims(app.connect(scope=f"{SLEEP} openid")["id_token"])


def test_a_refresh_token_has_to_be_asked_for(app: Google) -> None:
    assert "refresh_token" not in app.connect(access_type=None)
    assert "refresh_token" in app.connect(prompt=None)
    assert "refresh_token" not in app.connect(prompt=None)
    assert "refresh_token" in app.connect()


def test_the_client_is_known_by_the_body_alone(app: Google) -> None:
    code = app.decide(app.authorize())["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    assert error(app.call("POST", TOKEN, data=form, auth=app.basic)) == (401, "invalid_client")
    wrong = {**form, "client_id": app.client_id, "client_secret": "wrong"}
    assert error(app.call("POST", TOKEN, data=wrong)) == (401, "invalid_client")
    assert app.exchange(code).status_code == 200


def test_pkce_is_optional_and_held_to_where_it_was_begun(app: Google) -> None:
    plain = app.authorize(code_challenge=None, code_challenge_method=None)
    assert app.exchange(app.decide(plain)["code"], code_verifier=None).status_code == 200
    begun = app.decide(app.authorize())["code"]
    assert error(app.exchange(begun, code_verifier="w" * 60)) == (400, "invalid_grant")


def test_deny_and_partial_consent(app: Google) -> None:
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"
    some = app.decide(app.authorize(), scopes=[SLEEP])
    assert some["scope"] == f"{SLEEP} openid {EMAIL}"
    assert app.exchange(some["code"]).json()["scope"] == some["scope"]


def test_who_ticks_nothing_still_says_who_they_are(app: Google) -> None:
    tokens = app.connect([])
    assert tokens["scope"] == f"openid {EMAIL}"
    assert error(app.identity(tokens)) == (403, "PERMISSION_DENIED")
    nothing = app.decide(app.authorize(scope=SLEEP), scopes=[])
    assert nothing["error"] == "access_denied"


# Tokens


def test_a_refresh_token_stays(app: Google) -> None:
    first = app.connect()
    second = app.refresh(first).json()
    assert sorted(second) == ["access_token", "expires_in", "id_token", "scope", "token_type"]
    assert app.identity(first).ok
    assert app.identity(second).ok
    assert app.refresh(first).ok


def test_a_second_consent_leaves_the_first_alone(app: Google) -> None:
    first, second = app.connect(), app.connect()
    assert app.lives(first) == app.lives(second) == (True, True)


def test_the_oldest_refresh_token_goes_when_there_are_too_many(app: Google) -> None:
    standing = app.sandbox.control("GET", "dials?personality=google")
    assert standing["refresh_token_cap"] == 100
    app.dial(refresh_token_cap=2)
    first, second = app.connect(), app.connect()
    other = in_project(app.sandbox, account=app.account)
    theirs = other.connect()
    assert app.lives(first) == (True, True)
    third = app.connect()
    assert app.lives(first) == (True, False)
    assert app.lives(second) == app.lives(third) == other.lives(theirs) == (True, True)


def test_a_limited_consent_runs_out(app: Google) -> None:
    app.dial(refresh_token_seconds=1)
    tokens = app.connect()
    assert tokens["refresh_token_expires_in"] == 1
    time.sleep(1.1)
    refused = app.refresh(tokens)
    assert error(refused) == (400, "invalid_grant")
    assert refused.json()["error_description"] == "Token has been expired or revoked."


def test_a_code_works_once(app: Google) -> None:
    code = app.decide(app.authorize())["code"]
    tokens = app.exchange(code).json()
    again = app.exchange(code)
    assert error(again) == (400, "invalid_grant")
    assert again.json()["error_description"] == "Bad Request"
    assert app.lives(tokens) == (False, False)


def test_errors_of_the_api(app: Google) -> None:
    unknown = app.identity({"access_token": "nobody's"})
    assert error(unknown) == (401, "UNAUTHENTICATED")
    app.dial(access_token_seconds=1)
    tokens = app.connect()
    time.sleep(1.1)
    assert error(app.identity(tokens)) == (401, "UNAUTHENTICATED")
    app.dial(access_token_seconds=60)
    other = IDENTITY.replace("me", "somebody", 1)
    answer = app.call("GET", other, app.refresh(tokens).json()["access_token"])
    assert error(answer) == (403, "PERMISSION_DENIED")
    assert error(app.call("GET", f"{IDENTITY}/more")) == (404, "NOT_FOUND")


def test_failing_answers_are_in_the_form_of_the_call(app: Google) -> None:
    tokens = app.connect()
    for dial, oauth, api in [
        ("invalid_grant", (400, "invalid_grant"), (400, "INVALID_ARGUMENT")),
        ("invalid_client", (401, "invalid_client"), (401, "UNAUTHENTICATED")),
        ("invalid_token", (400, "invalid_token"), (401, "UNAUTHENTICATED")),
    ]:
        app.dial(token_answer=dial, me_answer=dial, revoke_answer=dial)
        assert error(app.refresh(tokens)) == error(app.revoke("x")) == oauth
        assert error(app.identity(tokens)) == api
    app.dial(token_answer="429", me_answer="429")
    assert app.refresh(tokens).status_code == 429
    assert error(app.identity(tokens)) == (429, "RESOURCE_EXHAUSTED")
    app.dial(me_answer="403")
    assert error(app.identity(tokens)) == (403, "PERMISSION_DENIED")


# The revoke


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoke_ends_the_whole_project(app: Google, kind: str) -> None:
    number = app.client_id.partition("-")[0]
    sibling = in_project(app.sandbox, number=number, account=app.account)
    longer = in_project(app.sandbox, number=f"{number}1", account=app.account)
    first, second, beside, outside = (one.connect() for one in (app, app, sibling, longer))
    somebody = in_project(app.sandbox, number=number)
    theirs = somebody.connect()
    answer = app.revoke(second[kind])
    assert (answer.status_code, answer.json()) == (200, {})
    assert app.lives(first) == app.lives(second) == sibling.lives(beside) == (False, False)
    assert longer.lives(outside) == somebody.lives(theirs) == (True, True)


def test_the_token_may_stand_in_the_address(app: Google) -> None:
    tokens = app.connect()
    address = f"{REVOKE}?token={tokens['refresh_token']}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert app.call("POST", address, headers=headers).status_code == 200
    assert app.lives(tokens) == (False, False)


def test_a_dead_token_cannot_be_revoked(app: Google) -> None:
    tokens = app.connect()
    app.press_revoke()
    for token in (tokens["access_token"], tokens["refresh_token"], "nobody's", ""):
        assert error(app.revoke(token)) == (400, "invalid_token")
    native = StandIn(app.sandbox, "fitbit", account=app.account)
    code = native.decide(native.authorize_url("https://www.fitbit.com/oauth2/authorize"))["code"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    url = "https://api.fitbit.com/oauth2/token"
    foreign = native.call("POST", url, data=form, auth=native.basic).json()
    assert error(app.revoke(foreign["access_token"])) == (400, "invalid_token")


def test_a_client_id_without_a_project_is_revoked_alone(sandbox: Sandbox) -> None:
    one, other = Google(sandbox, "google"), Google(sandbox, "google")
    other.account = one.account
    tokens, theirs = one.connect(), other.connect()
    assert one.revoke(tokens["access_token"]).ok
    assert (one.lives(tokens), other.lives(theirs)) == ((False, False), (True, True))


def test_calls_are_logged_by_kind(app: Google) -> None:
    since = max([call["number"] for call in app.sandbox.control("GET", "log")], default=0)
    tokens = app.connect()
    app.identity(tokens)
    app.refresh(tokens)
    app.revoke(tokens["refresh_token"])
    calls = app.sandbox.control("GET", f"log?since={since}")
    mine = [call for call in calls if call["client_id"] == app.client_id]
    assert [(call["kind"], call["status"]) for call in mine] == [
        ("token", 200), ("me", 200), ("token", 200), ("revoke", 200),
    ]  # fmt: skip
    assert {(call["account"], call["personality"]) for call in mine} == {(app.account, "google")}


def test_keys_outlive_the_process(tmp_path: Path) -> None:
    published = []
    for _ in range(2):
        sandbox = start_sandbox(tmp_path)
        try:
            app = in_project(sandbox)
            certificates = "https://www.googleapis.com/oauth2/v3/certs"
            published.append([app.call("GET", url).json() for url in (KEYSET, certificates)])
        finally:
            assert sandbox.stop() == 0
    assert published[0] == published[1]
    kept = sorted(path.name for path in tmp_path.glob("*.pem"))
    assert kept == ["google-accounts.pem", "google-webhooks.pem"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*.pem")} == {0o600}
