"""Bad input to every provider's door: refused, not understood, or taken without any effect."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from connections.providers import PROVIDERS, fitbit, polar, signing, strava, whoop
from connections.providers.answers import Knock, MalformedNoticeError, NotVerifiedError
from tests.connections.providers.asking import CLIENT_ID, provider
from tests.connections.providers.stand_in import CLIENT_SECRET

Proof = Callable[[bytes], dict[str, str]]


def _now(per_second: int = 1) -> str:
    return str(int(time.time() * per_second))


def _whoop(body: bytes) -> dict[str, str]:
    stamp = _now(1000)
    code = whoop.signature(CLIENT_SECRET, stamp, body)
    return {"X-WHOOP-Signature": code, "X-WHOOP-Signature-Timestamp": stamp}


def _sandbox(body: bytes) -> dict[str, str]:
    stamp = _now()
    signed = stamp.encode() + b"." + body
    return {"Sandbox-Signature": f"t={stamp},v1={signing.hex_digest(CLIENT_SECRET, signed)}"}


def _strava(body: bytes) -> dict[str, str]:
    stamp = _now()
    return {"X-Strava-Signature": f"t={stamp},v1={strava.signature(CLIENT_SECRET, stamp, body)}"}


# Where a body gets past the proof, what is read behind it is put to the test as well.
PROOFS: dict[str, Proof] = {
    "FITBIT": lambda body: {"X-Fitbit-Signature": fitbit.signature(CLIENT_SECRET, body)},
    "GARMIN": lambda body: {"garmin-client-id": CLIENT_ID},
    "POLAR": lambda body: {"Polar-Webhook-Signature": polar.signature(CLIENT_SECRET, body)},
    "SANDBOX": _sandbox,
    "STRAVA": _strava,
    "WHOOP": _whoop,
}


def _nested(name: str, depth: int) -> bytes:
    return b'{"%s":' % name.encode() * depth + b"1" + b"}" * depth


KEYS = ("collectionType", "deregistrations", "userPermissionsChange", "object_type", "event")
VALUES: tuple[Any, ...] = (None, True, 7, 1.5, "text", [], {}, [[]], "\x00", "\ud800", 10**400)
BODIES: list[bytes] = [
    *(b"", b" ", b"\x00", b"\xff\xfe", b"\x00" * 1000, b"null", b"7", b'"text"', b"[]", b"{}"),
    *(b"<html>", b"{", b"[", b"[" * 100_000, b"NaN", b"9" * 5000, b"\xef\xbb\xbf{}"),
    *(_nested(name, 50_000) for name in KEYS),
    *(json.dumps({name: value}).encode() for name in KEYS for value in VALUES),
    *(json.dumps([{name: value}]).encode() for name in KEYS for value in VALUES),
    json.dumps([{}] * 100_000).encode(),
    b"=" * 1000,
    b"&" * 1000,
    b"a=%ff",
    b"appli=46&action=unlink",
]
NAMES = [maker.resource for maker in PROVIDERS]


def hear(name: str, knock: Knock) -> list[Any]:
    """What a knock told; nothing where it is refused in one of the two ways."""
    made = provider(name, notice_secret=CLIENT_SECRET, subscription_id="1")
    try:
        return list(made.hear(knock).messages)
    except (NotVerifiedError, MalformedNoticeError):
        return []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
def test_garbage_tells_nothing(name: str, method: str) -> None:
    for body in BODIES:
        for headers in ({}, PROOFS[name](body) if name in PROOFS else {}):
            assert hear(name, Knock(method, headers, {}, body)) == [], body[:80]


HEADERS = (
    *("X-Fitbit-Signature", "garmin-client-id", "Polar-Webhook-Signature", "X-Strava-Signature"),
    *("X-WHOOP-Signature", "X-WHOOP-Signature-Timestamp", "Sandbox-Signature"),
)
ODD = (
    "",
    "\x00",
    "\ud800",
    "é",
    "٣",
    "t=",
    "t=1,v1=",
    "t=\ud800,v1=\ud800",
    "=" * 1000,
    "9" * 5000,
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", ODD)
def test_odd_headers_and_queries_tell_nothing(name: str, odd: str) -> None:
    query = {"verify": odd, "hub.verify_token": odd, "authorisation_number": odd}
    for method in ("POST", "GET", "HEAD"):
        for body in (b"{}", b"[]"):
            knock = Knock(method, dict.fromkeys(HEADERS, odd), query, body)
            assert hear(name, knock) == []
