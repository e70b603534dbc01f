"""Oura: the account, refusals, the revoke, and webhooks that speak of data only."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from connections.providers import WearableProvider
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    MalformedNoticeError,
    NotVerifiedError,
    Probe,
    ProviderError,
)
from terra_portal import clock, redaction
from tests.connections.providers import stand_in
from tests.connections.providers.garbage import GARBAGE
from tests.connections.providers.stand_in import CLIENT_SECRET, NOTICE_URL, StandIn

API = "api.ouraring.com"
INFO = f"GET {API}/v2/usercollection/personal_info"
LIST = f"GET {API}/v2/webhook/subscription"
ORDER = f"POST {API}/v2/webhook/subscription"
TOKEN = f"POST {API}/oauth/token"
REVOKE = f"POST {API}/oauth/revoke"
HELD = Held("access-1", "refresh-1", "u1")
STALE = Held("access-1", "refresh-1", "u1", has_run_out=True)
TOKENS = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 86400}

# The facts page's published vector.
STAMP = "1700000000"
EVENT = (
    b'{"event_type":"update","data_type":"sleep","object_id":"o1",'
    b'"event_time":"2026-11-23T09:00:00+00:00","user_id":"u1"}'
)
SIGNATURE = "6CF79441F7B3FE3735EE43CC62746F5AA7803B54613B4ED6C6B23953400F0F4A"


@pytest.fixture
def maker(settings: Settings) -> Iterator[StandIn]:
    with stand_in.running() as server:
        settings.PROVIDER_HOSTS = server.hosts
        yield server


@pytest.fixture
def oura(maker: StandIn) -> WearableProvider:
    return stand_in.simulated("OURA", "oura-app")


@pytest.fixture
def at_that_time() -> Iterator[None]:
    """The clock of the vector."""
    then = datetime.fromtimestamp(int(STAMP), UTC)
    with clock.shifted(then - clock.now()):
        yield


def post(body: bytes, signature: str, stamp: str = STAMP) -> Knock:
    headers = {"x-oura-signature": signature, "x-oura-timestamp": stamp}
    return Knock("POST", headers, {}, body)


def test_no_challenge_is_sent_and_what_names_the_account_is_always_asked(
    oura: WearableProvider, maker: StandIn
) -> None:
    url, verifier = oura.authorize_url("state-1", ["daily"])
    assert url.startswith(f"{maker.url}/cloud.ouraring.com/oauth/authorize?")
    assert "scope=daily+personal" in url
    assert "code_challenge" not in url
    assert verifier == ""


def test_the_account_is_the_id_of_the_personal_information(
    oura: WearableProvider, maker: StandIn
) -> None:
    maker.set(TOKEN, {**TOKENS, "scope": "daily personal"})
    maker.set(INFO, {"id": "u1", "email": "somebody@example.org"})
    answer = oura.exchange("code-1", "")
    assert (answer.provider_user_id, answer.scopes) == ("u1", ["daily", "personal"])
    exchange, identity = maker.calls
    assert exchange.form == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": "http://testserver/connect/callback/oura/",
        "client_id": "oura-app",
        "client_secret": CLIENT_SECRET,
    }
    assert identity.headers["authorization"] == "Bearer access-1"


@pytest.mark.parametrize(
    ("said", "told", "scopes"),
    [
        ("personal", "personal daily", ["personal"]),
        (None, "personal heartrate", ["heartrate", "personal"]),
        (None, "personal made-up \ud800", ["personal"]),
        (None, "", None),
    ],
)
def test_what_was_unticked_is_told_by_the_answer_or_by_the_way_back(
    oura: WearableProvider, maker: StandIn, said: str | None, told: str, scopes: list[str] | None
) -> None:
    maker.set(TOKEN, TOKENS if said is None else {**TOKENS, "scope": said})
    maker.set(INFO, {"id": "u1"})
    assert oura.exchange("code-1", "", told_scope=told).scopes == scopes


def test_a_lapsed_membership_connects_nobody(oura: WearableProvider, maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS)
    maker.set(INFO, {"detail": "membership"}, status=403)
    with pytest.raises(ProviderError) as raised:
        oura.exchange("code-1", "")
    assert raised.value.failure is Failure.UNUSABLE


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, {"error": "invalid_grant"}, Failure.INVALID_GRANT),
        # The wrong portal's applications get the same: it proves nothing.
        (400, {"error": "invalid_request"}, Failure.UNUSABLE),
        (401, {"error": "invalid_client"}, Failure.INVALID_CLIENT),
        (400, {"detail": "no"}, Failure.UNUSABLE),
        (403, {"error": "invalid"}, Failure.UNUSABLE),
        (429, {}, Failure.UNAVAILABLE),
        (500, {}, Failure.UNAVAILABLE),
        (410, {}, Failure.RETIRED),
        (400, b"<html>", Failure.UNUSABLE),
    ],
)
def test_what_a_refused_refresh_means(
    oura: WearableProvider, maker: StandIn, status: int, body: Any, failure: Failure
) -> None:
    maker.set(TOKEN, body, status=status)
    with pytest.raises(ProviderError) as raised:
        oura.refresh(HELD)
    assert raised.value.failure is failure


@pytest.mark.parametrize(
    ("status", "body", "probe"),
    [
        (200, {"id": "u1"}, Probe.ALIVE),
        (401, {"detail": "expired or revoked"}, Probe.DEAD),
        (403, {"detail": "membership"}, Probe.UNSURE),
        (400, {"error": "invalid_token"}, Probe.UNSURE),
        (404, {}, Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(
    oura: WearableProvider, maker: StandIn, status: int, body: Any, probe: Probe
) -> None:
    maker.set(INFO, body, status=status)
    assert oura.probe(HELD) is probe


@pytest.mark.parametrize(
    ("status", "body"), [(401, b"<html>"), (200, b"<html>"), (429, {}), (503, {}), (410, {})]
)
def test_what_does_not_speak_of_the_authorisation_is_no_probe(
    oura: WearableProvider, maker: StandIn, status: int, body: Any
) -> None:
    maker.set(INFO, body, status=status)
    with pytest.raises(ProviderError):
        oura.probe(HELD)


# Revoke


def test_a_revoke_names_the_access_token_and_shows_the_application_s_secret(
    oura: WearableProvider, maker: StandIn
) -> None:
    maker.set(REVOKE, {})
    oura.revoke(HELD)
    (call,) = maker.calls
    assert call.query == {"access_token": "access-1"}
    basic = base64.b64encode(f"oura-app:{CLIENT_SECRET}".encode()).decode()
    assert call.headers["authorization"] == f"Basic {basic}"
    assert "access-1" not in redaction.redact(
        f"POST https://{API}/oauth/revoke?access_token=access-1"
    )


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_revoke_is_over_only_where_the_token_is_seen_dead(
    oura: WearableProvider, maker: StandIn, status: int
) -> None:
    maker.set(REVOKE, {}, status=status)
    maker.set(INFO, {"id": "u1"})
    with pytest.raises(ProviderError) as raised:
        oura.revoke(HELD)
    assert raised.value.failure is Failure.UNUSABLE
    maker.set(INFO, {}, status=401)
    oura.revoke(HELD)
    with pytest.raises(ProviderError):
        oura.revoke(STALE)


def test_a_revoke_that_may_have_worked_says_so(oura: WearableProvider, maker: StandIn) -> None:
    maker.set(REVOKE, {}, status=502)
    with pytest.raises(ProviderError) as raised:
        oura.revoke(HELD)
    assert not raised.value.outcome_known


# The standing order of webhooks


def standing(expires: str, **more: str) -> dict[str, str]:
    order = {"id": "sub/1", "event_type": "delete", "data_type": "workout"}
    return {**order, "callback_url": NOTICE_URL, "expiration_time": expires, **more}


def later(days: int) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


def test_an_order_is_made_where_none_stands(oura: WearableProvider, maker: StandIn) -> None:
    maker.set(
        LIST,
        [standing(later(60), callback_url="https://else.example/"), "junk", {}]
        + [standing(later(60), data_type="sleep")],
    )
    maker.set(ORDER, standing(later(90)), status=201)
    made = oura.subscribe_application()
    assert made is not None
    assert (made.id, made.secret) == ("sub/1", "")
    ordered = maker.calls[-1]
    assert ordered.headers["x-client-id"] == "oura-app"
    assert ordered.headers["x-client-secret"] == CLIENT_SECRET
    said = json.loads(ordered.body)
    token = said.pop("verification_token")
    assert said == {"event_type": "delete", "data_type": "workout", "callback_url": NOTICE_URL}
    # What was ordered with is what the test of the address is passed with.
    query = {"verification_token": token, "challenge": "c-1"}
    reply = oura.hear(Knock("GET", {}, query))
    assert (reply.status, json.loads(reply.content)) == (200, {"challenge": "c-1"})
    assert reply.content_type == "application/json"
    assert not reply.messages


@pytest.mark.parametrize("token", ["", "guess", CLIENT_SECRET, "\ud800"])
def test_a_test_of_the_address_without_our_token_is_refused(
    oura: WearableProvider, token: str
) -> None:
    with pytest.raises(NotVerifiedError):
        oura.hear(Knock("GET", {}, {"verification_token": token, "challenge": "c-1"}))
    with pytest.raises(NotVerifiedError):
        oura.hear(Knock("GET", {}, {}))


def test_another_secret_makes_another_token(oura: WearableProvider, maker: StandIn) -> None:
    maker.set(LIST, [])
    maker.set(ORDER, {"id": 7})
    oura.subscribe_application()
    query = {"verification_token": json.loads(maker.calls[-1].body)["verification_token"]}
    assert oura.hear(Knock("GET", {}, query)).status == 200
    with pytest.raises(NotVerifiedError):
        stand_in.simulated("OURA", "oura-app", client_secret="other").hear(Knock("GET", {}, query))


@pytest.mark.parametrize(
    ("days", "text", "renewed"),
    [
        (60, "{}+00:00", False),
        (60, "{}Z", False),
        (60, "{}", False),
        (13, "{}", True),
        (-1, "{}+00:00", True),
        (60, "2026-13-45", True),
        (60, "", True),
    ],
)
def test_a_standing_order_is_found_and_renewed_in_time(
    oura: WearableProvider, maker: StandIn, days: int, text: str, renewed: bool
) -> None:
    expires = text.format(later(days).partition("+")[0])
    maker.set(LIST, [standing(expires)])
    renew = f"PUT {API}/v2/webhook/subscription/renew/sub%2F1"
    maker.set(renew, standing(later(90)))
    found = oura.subscribe_application()
    assert found is not None
    assert found.id == "sub/1"
    assert maker.asked() == [LIST, *([renew] if renewed else [])]


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (401, {}, Failure.INVALID_CLIENT),
        (403, {}, Failure.UNUSABLE),
        (200, {}, Failure.UNUSABLE),
        (200, b"<html>", Failure.UNUSABLE),
        (500, {}, Failure.UNAVAILABLE),
    ],
)
def test_an_order_that_cannot_be_looked_for(
    oura: WearableProvider, maker: StandIn, status: int, body: Any, failure: Failure
) -> None:
    maker.set(LIST, body, status=status)
    with pytest.raises(ProviderError) as raised:
        oura.subscribe_application()
    assert raised.value.failure is failure


@pytest.mark.parametrize("body", [[], {}, {"id": None}, {"id": "\x00"}, {"id": "x" * 300}])
def test_an_order_without_a_usable_id_is_no_order(
    oura: WearableProvider, maker: StandIn, body: Any
) -> None:
    maker.set(LIST, [])
    maker.set(ORDER, body)
    with pytest.raises(ProviderError) as raised:
        oura.subscribe_application()
    assert raised.value.failure is Failure.UNUSABLE


# Events


@pytest.mark.usefixtures("at_that_time")
def test_the_published_vector(oura: WearableProvider) -> None:
    reply = oura.hear(post(EVENT, SIGNATURE))
    assert (reply.status, list(reply.messages)) == (204, [])


@pytest.mark.usefixtures("at_that_time")
@pytest.mark.parametrize(
    "knock",
    [
        post(EVENT, ""),
        post(EVENT, SIGNATURE.lower()),
        post(EVENT, SIGNATURE[:-1] + "B"),
        post(EVENT.replace(b"u1", b"u2"), SIGNATURE),
        post(EVENT, SIGNATURE, "1700000001"),
        post(EVENT, SIGNATURE, ""),
        post(EVENT, "\ud800", "\ud800"),
        Knock("POST", {}, {}, EVENT),
    ],
)
def test_what_oura_did_not_sign_is_refused(oura: WearableProvider, knock: Knock) -> None:
    with pytest.raises(NotVerifiedError):
        oura.hear(knock)


def signed(body: bytes, *, ago: timedelta = timedelta(0), suffix: str = "") -> Knock:
    stamp = str(int((clock.now() - ago).timestamp())) + suffix
    code = hmac.new(CLIENT_SECRET.encode(), stamp.encode() + body, "sha256").hexdigest()
    return post(body, code.upper(), stamp)


def test_an_old_event_is_refused_but_a_late_try_is_heard(oura: WearableProvider) -> None:
    assert oura.hear(signed(EVENT, ago=timedelta(minutes=110))).status == 204
    for ago in (timedelta(hours=3), -timedelta(hours=3)):
        with pytest.raises(NotVerifiedError):
            oura.hear(signed(EVENT, ago=ago))
    with pytest.raises(NotVerifiedError):
        oura.hear(signed(EVENT, suffix=".5"))


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_unsigned_and_says_nothing_signed(
    oura: WearableProvider, body: bytes
) -> None:
    with pytest.raises(NotVerifiedError):
        oura.hear(post(body, SIGNATURE))
    try:
        assert list(oura.hear(signed(body)).messages) == []
    except MalformedNoticeError:
        assert not _is_json(body)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
