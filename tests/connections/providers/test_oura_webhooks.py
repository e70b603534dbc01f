"""Oura's webhooks: the standing order, the test of the address, and events about data only."""

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connections.providers import WearableProvider
from connections.providers.answers import (
    Failure,
    Knock,
    MalformedNoticeError,
    NotVerifiedError,
    ProviderError,
)
from terra_portal import clock
from tests.connections.providers import stand_in
from tests.connections.providers.garbage import GARBAGE
from tests.connections.providers.stand_in import CLIENT_SECRET, NOTICE_URL, StandIn

API = "api.ouraring.com"
LIST = f"GET {API}/v2/webhook/subscription"
ORDER = f"POST {API}/v2/webhook/subscription"

# The facts page's published vector.
STAMP = "1700000000"
EVENT = (
    b'{"event_type":"update","data_type":"sleep","object_id":"o1",'
    b'"event_time":"2026-11-23T09:00:00+00:00","user_id":"u1"}'
)
SIGNATURE = "6CF79441F7B3FE3735EE43CC62746F5AA7803B54613B4ED6C6B23953400F0F4A"


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
