import time
from typing import Any

import pytest

from .process import Sandbox
from .withings import (
    API,
    GONE,
    INVALID_TOKEN,
    NOTIFY,
    OAUTH,
    SCOPES,
    SIGNATURE,
    Withings,
    body,
    error,
)


@pytest.fixture
def app(sandbox: Sandbox) -> Withings:
    return Withings(sandbox, "withings")


# Tokens


def test_the_token_answer(app: Withings) -> None:
    back = app.decide(app.authorize())
    assert sorted(back) == ["code", "state"]
    tokens = body(app.exchange(back["code"]))
    assert sorted(tokens) == [
        "access_token", "csrf_token", "expires_in", "refresh_token", "scope", "token_type",
        "userid",
    ]  # fmt: skip
    assert (tokens["expires_in"], tokens["token_type"]) == (10_800, "Bearer")
    assert tokens["scope"] == SCOPES
    assert tokens["userid"] == app.account_id
    assert tokens["userid"].isdigit()


def test_deny_and_partial_consent(app: Withings) -> None:
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"
    assert app.connect(scopes=["user.info", "user.metrics"])["scope"] == "user.info,user.metrics"
    unknown = app.decide(app.authorize(scope="user.info,user.dreams"))
    assert unknown["error"] == "invalid_scope"


def test_the_client_is_known_by_the_body(app: Withings) -> None:
    code = app.decide(app.authorize())["code"]
    refused = (503, "Invalid Params: invalid client id/secret")
    assert error(app.exchange(code, client_secret="wrong")) == refused
    form = {"action": "requesttoken", "grant_type": "authorization_code", "code": code}
    form["redirect_uri"] = app.redirect_uri
    assert error(app.call("POST", OAUTH, data=form, auth=app.basic)) == refused
    assert body(app.exchange(code))


def test_a_signature_may_stand_in_the_secret_s_place(app: Withings) -> None:
    code = app.decide(app.authorize())["code"]
    form = app.signed("requesttoken", "nonce", app.nonce())
    form |= {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
    wrong = app.call("POST", OAUTH, data={**form, "nonce": app.nonce()})
    assert error(wrong) == (503, "Invalid Params: invalid signature")
    assert body(app.call("POST", OAUTH, data=form))["userid"] == app.account_id


def test_a_code_works_once_and_for_half_a_minute(app: Withings) -> None:
    assert app.sandbox.control("GET", "dials?personality=withings")["code_seconds"] == 30
    code = app.decide(app.authorize())["code"]
    tokens = body(app.exchange(code))
    assert error(app.exchange(code)) == (503, "Invalid Params: invalid code")
    assert app.lives(tokens) == (False, False)
    app.dial(code_seconds=0)
    late = app.decide(app.authorize())["code"]
    assert error(app.exchange(late)) == (503, "Invalid Params: invalid code")


def test_an_old_refresh_token_works_until_the_new_access_token_is_used(app: Withings) -> None:
    standing = app.sandbox.control("GET", "dials?personality=withings")
    assert standing["refresh_grace_seconds"] == 8 * 3600
    assert standing["refresh_token_seconds"] == 365 * 24 * 3600
    first = app.connect()
    lost = body(app.refresh(first))
    second = body(app.refresh(first))
    assert len({one["refresh_token"] for one in (first, lost, second)}) == 3
    assert second["userid"] == first["userid"]
    body(app.notify(second, "list"))
    assert error(app.refresh(first)) == GONE


def test_the_old_refresh_token_s_time_is_short(app: Withings) -> None:
    app.dial(refresh_grace_seconds=0.5)
    first = app.connect()
    body(app.refresh(first))
    time.sleep(0.6)
    assert error(app.refresh(first)) == GONE


def test_a_refresh_token_runs_out(app: Withings) -> None:
    app.dial(refresh_token_seconds=1)
    tokens = app.connect()
    time.sleep(1.1)
    assert error(app.refresh(tokens)) == GONE


def test_a_second_consent_kills_the_first(app: Withings) -> None:
    first, second = app.connect(), app.connect()
    assert (app.lives(first), app.lives(second)) == ((False, False), (True, True))


def test_what_is_wrong_with_a_call(app: Withings) -> None:
    assert error(app.notify({"access_token": "x"}, "list")) == (401, INVALID_TOKEN)
    app.dial(access_token_seconds=1)
    tokens = app.connect()
    time.sleep(1.1)
    assert error(app.notify(tokens, "list")) == (401, INVALID_TOKEN)
    assert error(app.notify(tokens, "dream")) == (2554, "Wrong action or wrong webservice")
    assert error(app.call("POST", OAUTH)) == (2554, "Wrong action or wrong webservice")
    assert error(app.call("POST", f"{API}/v3/dreams")) == (2556, "Service is not defined")
    assert error(app.call("GET", OAUTH)) == (2556, "Service is not defined")


@pytest.mark.parametrize(
    ("grant", "words"),
    [
        ("implicit", "Invalid Params: invalid grant_type"),
        ("refresh_token", "Invalid Params: invalid_request"),
    ],
)
def test_an_incomplete_form(app: Withings, grant: str, words: str) -> None:
    assert error(app.token({"grant_type": grant})) == (503, words)


@pytest.mark.parametrize("url", [OAUTH, SIGNATURE, NOTIFY])
@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": b"\x00\xff\xfe=%zz&action=requesttoken"},
        {"data": {"action": "requesttoken", "client_id": "\x00", "signature": "\ud7ff\x00"}},
        {"data": {"action": "revoke", "client_id": "\x00", "nonce": "\x00", "signature": "x"}},
        {"data": {"action": "getnonce"}},
        {"data": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"a=" + b"x" * 2_000_000},
        {"json": {"action": "revoke"}},
    ],
)
def test_bad_input_is_refused_in_the_envelope(
    app: Withings, url: str, sent: dict[str, Any]
) -> None:
    own = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = app.call("POST", url, **({"headers": own} | sent))
    assert error(answer)[0] in (401, 503, 2554)


def test_failing_answers_are_in_the_envelope(app: Withings) -> None:
    tokens = app.connect()

    def asked() -> list[tuple[int, str]]:
        revoke = app.revoke(tokens["userid"])
        return [error(one) for one in (app.refresh(tokens), app.notify(tokens, "list"), revoke)]

    for dial, expected in [
        ("invalid_grant", GONE),
        ("invalid_client", (503, "Invalid Params: invalid client id/secret")),
        ("invalid_token", (401, INVALID_TOKEN)),
        ("429", (601, "Too Many Requests")),
    ]:
        app.dial(token_answer=dial, me_answer=dial, revoke_answer=dial)
        assert asked() == [expected] * 3
    app.dial(token_answer="403", me_answer="410")
    assert error(app.refresh(tokens))[0] == 403
    assert app.notify(tokens, "list").status_code == 410


# The revoke


def test_a_revoke_is_signed_and_needs_no_token(app: Withings) -> None:
    app.dial(second_consent_kills=False)
    first, second = app.connect(), app.connect()
    other = Withings(app.sandbox, "withings", account=app.account)
    theirs = other.connect()
    assert app.lives(first) == (True, True)
    assert body(app.revoke(first["userid"])) == {}
    assert app.lives(first) == app.lives(second) == (False, False)
    assert other.lives(theirs) == (True, True)
    assert body(app.revoke(first["userid"])) == {}


def test_a_revoke_needs_its_own_signature(app: Withings) -> None:
    tokens = app.connect()
    userid = tokens["userid"]
    other = Withings(app.sandbox, "withings")
    unsigned = (503, "Invalid Params: invalid signature")
    assert error(app.revoke(userid, signature="0" * 64)) == unsigned
    assert error(app.revoke(userid, signature="\ud7ff")) == unsigned
    assert error(other.revoke(userid, client_id=app.client_id)) == unsigned
    client = (503, "Invalid Params: invalid client id/secret")
    assert error(app.revoke(userid, client_id="nobody's")) == client
    used = app.signed("revoke", "nonce", app.nonce())
    assert body(app.call("POST", OAUTH, data={**used, "userid": userid})) == {}
    again = app.call("POST", OAUTH, data={**used, "userid": userid})
    assert error(again) == (503, "Invalid Params: invalid nonce")
    foreign = app.signed("revoke", "nonce", other.nonce())
    answer = app.call("POST", OAUTH, data={**foreign, "userid": userid})
    assert error(answer) == (503, "Invalid Params: invalid nonce")
    stranger = Withings(app.sandbox, "withings")
    assert error(stranger.revoke(userid)) == (503, "Invalid Params: invalid userid")


def test_the_published_vectors_of_signatures(app: Withings) -> None:
    app.client_id, app.secret = "cid", "s3cr3t"
    nonce = app.signed("getnonce", "timestamp", "1700000000")["signature"]
    assert nonce == "438647baebbda4b149195f31924aeb8c95ea617ef984e4d966cc0f5d90959011"
    revoke = app.signed("revoke", "nonce", "nonce1")["signature"]
    assert revoke == "f21d2bd6d27fe47bc43f053fafbc3d441a22f76bf6a5ce95c2f74deaacecc7de"
