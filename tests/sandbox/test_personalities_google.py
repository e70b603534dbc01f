import base64
import json
import secrets
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from .company import REDIRECT, VERIFIER, NoticeServer, Received, wait_until
from .process import Sandbox, start_sandbox
from .stand_in import StandIn

AUTHORIZE = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN = "https://oauth2.googleapis.com/token"
REVOKE = "https://oauth2.googleapis.com/revoke"
IDENTITY = "https://health.googleapis.com/v4/users/me/identity"
KEYSET = "https://www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"
CONFIGURATION = "https://accounts.google.com/.well-known/risc-configuration"
SCOPES = "https://www.googleapis.com/auth"
SLEEP = f"{SCOPES}/googlehealth.sleep.readonly"
ACTIVITY = f"{SCOPES}/googlehealth.activity_and_fitness.readonly"
EMAIL = f"{SCOPES}/userinfo.email"
ASKED = f"{SLEEP} {ACTIVITY} openid email"
SECRET = "Bearer subscriber-secret"
REVOKED = "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked"
PURGED = "https://schemas.openid.net/secevent/risc/event-type/account-purged"


class Google(StandIn):
    def authorize(self, **changes: str | None) -> str:
        asked = {"scope": ASKED, "access_type": "offline", "prompt": "consent", **changes}
        return self.authorize_url(AUTHORIZE, **asked)

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.call("POST", TOKEN, data={**form, **self.in_body})

    def exchange(self, code: str, **changes: str | None) -> requests.Response:
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
        kept = {name: value for name, value in form.items() if value is not None}
        return self.token({"grant_type": "authorization_code", **kept})

    def connect(self, scopes: list[str] | None = None, **changes: str | None) -> dict[str, Any]:
        ticked: dict[str, Any] = {} if scopes is None else {"scopes": scopes}
        answer = self.exchange(self.decide(self.authorize(**changes), **ticked)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form)

    def identity(self, tokens: dict[str, Any]) -> requests.Response:
        return self.call("GET", IDENTITY, tokens["access_token"])

    def lives(self, tokens: dict[str, Any]) -> tuple[bool, bool]:
        return self.identity(tokens).ok, self.refresh(tokens).ok

    def revoke(self, token: str) -> requests.Response:
        return self.call("POST", REVOKE, data={"token": token})

    def claims(self, token: bytes | str) -> dict[str, Any]:
        """What a JWT says that these published keys have signed. Raises ``jwt.PyJWTError``."""
        address = self.call("GET", CONFIGURATION).json()["jwks_uri"]
        published = jwt.PyJWKSet.from_dict(self.call("GET", address).json())
        key = published[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"require": ["iss", "aud", "iat"]}
        return dict(
            jwt.decode(
                token, key, algorithms=["RS256"], audience=self.client_id, options=options, leeway=5
            )
        )

    def signed(self, notice: Received) -> bool:
        """Whether the published key has signed the webhook."""
        (entry,) = self.call("GET", KEYSET).json()["key"]
        assert (entry["status"], entry["outputPrefixType"]) == ("ENABLED", "TINK")
        message = base64.b64decode(entry["keyData"]["value"])
        parameters, x, y = message[:8], message[10:43], message[45:]
        # SHA-256, P-256 and DER in field 2, then two numbers of 33 bytes in fields 3 and 4.
        assert parameters == b"\x12\x06\x08\x03\x10\x02\x18\x02"
        assert (message[8:10], message[43:45], len(y)) == (b"\x1a\x21", b"\x22\x21", 33)
        point = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()
        ).public_key()
        proof = base64.b64decode(notice.headers["x-healthapi-signature"])
        assert (proof[0], int.from_bytes(proof[1:5])) == (1, entry["keyId"])
        try:
            point.verify(proof[5:], notice.body, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def verify(self) -> bool:
        asked = {"client_id": self.client_id}
        return bool(self.sandbox.control("POST", "clients/verify", asked)["verified"])


def in_project(sandbox: Sandbox, **more: Any) -> Google:
    number = more.pop("number", "") or str(secrets.randbelow(10**12))
    name = f"{number}-{secrets.token_hex(8)}.apps.googleusercontent.com"
    return Google(sandbox, "google", client_id=name, **more)


def guarded(received: Received) -> int:
    """As an address answers that knows the subscriber's secret."""
    if "secevent" in received.headers["content-type"]:
        return 202
    return 200 if received.headers.get("authorization") == SECRET else 401


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Google:
    notices.answer = guarded
    sandbox.control("PATCH", "dials", {"notices": "once"})
    return in_project(sandbox, notice_url=notices.url, notice_secret=SECRET)


def error(answer: requests.Response) -> tuple[int, str]:
    """OAuth's form, or that of Google's APIs."""
    said = answer.json()["error"]
    if isinstance(said, str):
        assert answer.json()["error_description"]
        return answer.status_code, said
    assert said["message"]
    assert said["code"] == answer.status_code
    return answer.status_code, said["status"]


def events(notices: NoticeServer) -> list[Received]:
    return [one for one in notices.received if "secevent" in one.headers["content-type"]]


def webhooks(notices: NoticeServer) -> list[Received]:
    """Those that come after the test of the address."""
    return [one for one in notices.received if one.body.startswith(b"[")]


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


# Notices


def test_a_revocation_is_a_security_event(app: Google, notices: NoticeServer) -> None:
    tokens = app.connect()
    subject = app.claims(tokens["id_token"])["sub"]
    before = int(time.time())
    assert app.press_revoke() == 1
    wait_until(lambda: len(events(notices)) == 1)
    (told,) = events(notices)
    claims = app.claims(told.body)
    assert before <= claims.pop("iat") <= time.time()
    assert claims.pop("jti")
    issuer = "https://accounts.google.com/"
    assert claims == {
        "iss": issuer,
        "aud": app.client_id,
        "events": {
            REVOKED: {"subject": {"subject_type": "iss-sub", "iss": issuer, "sub": subject}}
        },
    }
    assert jwt.get_unverified_header(told.body)["typ"] == "secevent+jwt"
    assert "authorization" not in told.headers


def test_a_revocation_deletes_data(app: Google, notices: NoticeServer) -> None:
    health_user_id = app.identity(app.connect([SLEEP, ACTIVITY])).json()["healthUserId"]
    app.press_revoke()
    wait_until(lambda: len(webhooks(notices)) == 1)
    (told,) = webhooks(notices)
    assert app.signed(told)
    assert told.headers["authorization"] == SECRET
    entries = [entry["data"] for entry in json.loads(told.body)]
    assert {entry["dataType"] for entry in entries} == {"steps", "distance", "sleep"}
    for entry in entries:
        assert sorted(entry) == [
            "clientProvidedSubscriptionName", "dataType", "healthUserId", "intervals",
            "operation", "version",
        ]  # fmt: skip
        assert (entry["operation"], entry["healthUserId"]) == ("DELETE", health_user_id)
        assert sorted(entry["intervals"][0]["physicalTimeInterval"]) == ["endTime", "startTime"]


def test_every_app_of_the_project_is_told(app: Google, notices: NoticeServer) -> None:
    number = app.client_id.partition("-")[0]
    sibling = in_project(
        app.sandbox, number=number, account=app.account, notice_url=f"{notices.url}/sibling"
    )
    app.connect(), sibling.connect()
    assert app.press_revoke() == 2
    wait_until(lambda: len(events(notices)) == 2)
    to_us, to_sibling = sorted(events(notices), key=lambda one: one.path)
    assert app.claims(to_us.body)["aud"] == app.client_id
    assert sibling.claims(to_sibling.body)["aud"] == sibling.client_id
    with pytest.raises(jwt.InvalidAudienceError):
        app.claims(to_sibling.body)


def test_who_did_not_say_who_they_are_is_not_named(app: Google) -> None:
    app.connect(scope=f"{SLEEP} openid")
    app.press_revoke()
    (only,) = app.planned()
    assert json.loads(only)[0]["data"]["operation"] == "DELETE"


def test_an_app_without_a_subscriber_has_no_webhooks(app: Google) -> None:
    bare = in_project(app.sandbox, notice_url=app.notice_url)
    bare.connect()
    bare.press_revoke()
    (only,) = bare.planned()
    assert list(json.loads(only)["events"]) == [REVOKED]
    assert bare.verify() is False


def test_the_address_is_tested_with_the_secret_and_without(
    app: Google, notices: NoticeServer
) -> None:
    assert app.verify() is True
    right, wrong = notices.received
    assert [json.loads(one.body) for one in (right, wrong)] == [{"type": "verification"}] * 2
    assert {one.headers["user-agent"] for one in (right, wrong)} == {
        "Google-Health-API-Webhooks-Verifier"
    }
    assert right.headers["authorization"] == SECRET
    assert "authorization" not in wrong.headers
    assert app.verify() is True
    assert len(notices.received) == 2


@pytest.mark.parametrize("careless", [200, 401, 500])
def test_no_webhook_comes_before_the_test_is_passed(
    app: Google, notices: NoticeServer, careless: int
) -> None:
    notices.answer = lambda received: 202 if "secevent" in str(received.headers) else careless
    app.connect()
    assert app.verify() is False
    app.press_revoke()
    wait_until(lambda: len(events(notices)) == 1)
    wait_until(lambda: len(notices.received) >= 5)  # the test again, before the webhook
    assert webhooks(notices) == []
    notices.answer = guarded
    wait_until(lambda: len(webhooks(notices)) == 1)


def test_the_echo_of_a_revoke_is_a_dial(app: Google) -> None:
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 2
    app.dial(revoke_sends_notice=False)
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 2


def test_a_deleted_account_is_purged(app: Google, notices: NoticeServer) -> None:
    app.connect()
    asked = {"account": app.account, "personality": "google"}
    assert app.sandbox.control("POST", "delete_account", asked) == {"revoked": 1}
    wait_until(lambda: len(events(notices)) == 1)
    assert list(app.claims(events(notices)[0].body)["events"]) == [PURGED]


def test_new_data_is_an_upsert(app: Google, notices: NoticeServer) -> None:
    asked = {"account": app.account, "client_id": app.client_id}
    app.connect([SLEEP])
    assert app.sandbox.control("POST", "news", asked) == {"told": 1}
    wait_until(lambda: len(webhooks(notices)) == 1)
    (told,) = webhooks(notices)
    assert app.signed(told)
    (entry,) = json.loads(told.body)
    assert (entry["data"]["operation"], entry["data"]["dataType"]) == ("UPSERT", "sleep")
    app.press_revoke()
    assert app.sandbox.control("POST", "news", asked) == {"told": 0}


def test_the_same_event_comes_twice(app: Google, notices: NoticeServer) -> None:
    app.dial(notices="twice", late_notice_seconds=0.3)
    app.connect()
    app.press_revoke()
    wait_until(lambda: len(events(notices)) == 2)
    first, second = events(notices)
    assert first.body == second.body


def test_forged_webhooks(app: Google, notices: NoticeServer) -> None:
    other = in_project(app.sandbox, notice_secret="Bearer another")
    forged = {"client_id": app.client_id, "body": [{"data": {}}]}
    ways: list[dict[str, str]] = [{}, {"signature": "wrong"}, {"in_name_of": other.client_id}]
    notices.answer = lambda one: 401 if "authorization" not in one.headers else 200
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        wait_until(lambda: len(webhooks(notices)) == number + 1)  # noqa: B023 - called at once
    right, wrong, theirs = webhooks(notices)
    assert [app.signed(one) for one in (right, wrong, theirs)] == [True, False, True]
    assert theirs.headers["authorization"] == "Bearer another"


def test_forged_events(app: Google, notices: NoticeServer) -> None:
    other = in_project(app.sandbox)
    body = {"iss": "https://accounts.google.com", "iat": int(time.time()), "events": {"any": {}}}
    forged = {
        "client_id": app.client_id,
        "body": body,
        "content_type": "application/secevent+jwt",
    }
    ways: list[dict[str, Any]] = [
        {}, {"signature": "wrong"}, {"in_name_of": other.client_id}, {"body": "no token"},
    ]  # fmt: skip
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number + 1)
    right, wrong, theirs, garbage = (one.body for one in notices.received)
    assert app.claims(right)["events"] == {"any": {}}
    with pytest.raises(jwt.InvalidSignatureError):
        app.claims(wrong)
    with pytest.raises(jwt.InvalidAudienceError):
        app.claims(theirs)
    assert other.claims(theirs)["events"] == {"any": {}}
    assert garbage == b"no token"


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
