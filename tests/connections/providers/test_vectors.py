"""The published test vectors: secret `s3cr3t`, byte for byte, through the modules' own doors."""

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from connections.providers import fitbit, polar, strava, whoop, withings
from connections.providers.answers import Knock, NotVerifiedError
from terra_portal import clock
from tests.connections.providers.asking import provider
from tests.connections.providers.stand_in import CLIENT_SECRET

FITBIT = (
    b'[{"collectionType":"userRevokedAccess","date":"2026-11-23","ownerId":"ABC123",'
    b'"ownerType":"user","subscriptionId":"1"}]'
)
WHOOP = (
    b'{"user_id":10129,"id":"ecfc6a15-4661-442f-a9a4-f160dd7afae8","type":"sleep.updated",'
    b'"trace_id":"d3709ee7-104e-4f70-a928-2932964b017b"}'
)
POLAR = b'{"event":"PING","timestamp":"2026-11-23T09:00:00Z"}'
STRAVA = (
    b'{"aspect_type":"update","event_time":1700000000,"object_id":134815,"object_type":"athlete",'
    b'"owner_id":134815,"subscription_id":1,"updates":{"authorized":"false"}}'
)
AT = 1_700_000_000

FITBIT_SIGNED = "UIG+pYk0/JSPSNgdf/nJAjfBiR0="
WHOOP_SIGNED = "YXXM3tw2txiE4LYVIS3Is0/8hgQLKZbxksnLlBPUnqs="
POLAR_SIGNED = "98af42da1367c79956291ac7c8fa2a8a2c20281b7080419f68019b8473742b77"
STRAVA_SIGNED = "2728cb980f3381b5d29a3f70be67e832fc4af4afffdf44acf12985e996bf65bb"


def test_fitbit() -> None:
    assert fitbit.signature(CLIENT_SECRET, FITBIT) == FITBIT_SIGNED


def test_whoop() -> None:
    assert whoop.signature(CLIENT_SECRET, "1700000000000", WHOOP) == WHOOP_SIGNED


def test_polar() -> None:
    assert polar.signature(CLIENT_SECRET, POLAR) == POLAR_SIGNED


def test_withings() -> None:
    nonce = withings.sign(CLIENT_SECRET, "getnonce", "cid", "1700000000")
    assert nonce == "438647baebbda4b149195f31924aeb8c95ea617ef984e4d966cc0f5d90959011"
    revoke = withings.sign(CLIENT_SECRET, "revoke", "cid", "nonce1")
    assert revoke == "f21d2bd6d27fe47bc43f053fafbc3d441a22f76bf6a5ce95c2f74deaacecc7de"


def test_strava() -> None:
    assert strava.signature(CLIENT_SECRET, "1700000000", STRAVA) == STRAVA_SIGNED


# The same through the doors: as it came it is taken, with one byte changed it is refused.

SENT: list[Any] = [
    ("FITBIT", FITBIT, {"X-Fitbit-Signature": FITBIT_SIGNED}, 1),
    (
        "WHOOP",
        WHOOP,
        {"X-WHOOP-Signature": WHOOP_SIGNED, "X-WHOOP-Signature-Timestamp": "1700000000000"},
        0,
    ),
    ("STRAVA", STRAVA, {"X-Strava-Signature": f"t=1700000000,v1={STRAVA_SIGNED}"}, 1),
]


def at(seconds: int) -> AbstractContextManager[None]:
    return clock.shifted(timedelta(seconds=seconds - clock.now().timestamp()))


@pytest.mark.parametrize(("name", "body", "headers", "told"), SENT)
def test_a_vector_passes_its_own_door(
    name: str, body: bytes, headers: dict[str, str], told: int
) -> None:
    with at(AT):
        assert len(provider(name).hear(Knock("POST", headers, {}, body)).messages) == told
        for forged in (body.replace(b"1", b"2", 1), body + b" "):
            with pytest.raises(NotVerifiedError):
                provider(name).hear(Knock("POST", headers, {}, forged))


def test_a_vector_of_long_ago_is_refused() -> None:
    name, body, headers, _ = SENT[1]
    with at(AT + 301), pytest.raises(NotVerifiedError):
        provider(name).hear(Knock("POST", headers, {}, body))
