"""Google's security events: tokens for somebody else, tokens that somebody made up, no keys."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from connections.providers import WearableProvider
from tests.connections.providers import stand_in
from tests.connections.providers.garbage import GARBAGE
from tests.connections.providers.google_sets import claims, knock, refused
from tests.connections.providers.google_signer import CERTIFICATES, CLIENT_ID, CONFIGURATION, Signer
from tests.connections.providers.stand_in import StandIn


@pytest.fixture
def signer(maker: StandIn) -> Signer:
    made = Signer()
    made.publish(maker)
    return made


@pytest.fixture
def google(signer: Signer) -> WearableProvider:
    return stand_in.simulated("GOOGLE", CLIENT_ID)


@pytest.mark.parametrize(
    "more",
    [
        {"aud": "another-client"},
        {"aud": [f"x{CLIENT_ID}"]},
        {"aud": 7},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": "https://accounts.google.com.evil.example"},
        {"iss": None},
        {"iat": None},
        {"nbf": "soon"},
        {"jti": 5},
    ],
)
def test_a_token_for_somebody_else_is_refused_with_400(
    google: WearableProvider, signer: Signer, more: dict[str, Any]
) -> None:
    assert refused(google, knock(signer.event_token(claims(**more)))) == 400


def forged(signer: Signer, how: str) -> bytes:
    header, payload, signature = signer.event_token(claims()).split(b".")
    modulus = str(signer.event.public_key().public_numbers().n)
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    digest = jwt.encode(claims(), modulus, algorithm="HS256", headers={"kid": signer.event_id})

    def headed(**more: Any) -> bytes:
        return _segment({"alg": "RS256", "kid": signer.event_id, **more})

    return {
        "another key": Signer(event=another).event_token(claims()),
        "an unknown key id": signer.event_token(claims(), kid="made-up"),
        "a keyed digest": digest.encode(),
        "another payload": b".".join([header, _segment(claims(jti="j2")), signature]),
        "no signature": b".".join([header, payload, b""]),
        "two parts": b".".join([header, payload]),
        "no key id": b".".join([_segment({"alg": "RS256"}), payload, signature]),
        "a number for a key id": b".".join([headed(kid=1), payload, signature]),
        "no algorithm": b".".join([headed(alg="none"), payload, b""]),
        "detached": b".".join([headed(b64=False), b"", signature]),
        "critical": b".".join([headed(crit=["x"]), payload, signature]),
        "a list": b".".join([_segment([]), payload, signature]),
        "a deep header": b".".join([_deep(), payload, signature]),
        "bytes": b"\x00\xff.\x00.\xff",
        "surrogates": "\ud800".encode("utf-8", "surrogatepass"),
    }[how]


def _segment(said: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")


def _deep() -> bytes:
    return base64.urlsafe_b64encode(b"[" * 90_000).rstrip(b"=")


@pytest.mark.parametrize(
    "how",
    [
        *("another key", "an unknown key id", "no key id", "a number for a key id"),
        *("no algorithm", "a keyed digest", "another payload", "no signature", "two parts"),
        *("a deep header", "detached", "critical", "a list", "bytes", "surrogates"),
    ],
)
def test_a_forged_token_is_refused_with_400(
    google: WearableProvider, signer: Signer, how: str
) -> None:
    assert refused(google, knock(forged(signer, how))) == 400


@pytest.mark.parametrize("page", [CONFIGURATION, CERTIFICATES])
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {}), (404, {}), (200, b"<html>"), (200, {}), (200, {"keys": [{}], "jwks_uri": 7})],
)
def test_without_google_s_certificates_the_event_is_to_come_again(
    google: WearableProvider, maker: StandIn, signer: Signer, page: str, status: int, body: Any
) -> None:
    maker.set(page, body, status=status)
    assert refused(google, knock(signer.event_token(claims()))) == 503


def test_a_weak_key_is_no_key(google: WearableProvider, maker: StandIn) -> None:
    weak = Signer(event=rsa.generate_private_key(public_exponent=65537, key_size=1024))
    weak.publish(maker)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = weak.event_token(claims())
    assert refused(google, knock(token)) == 400


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_with_400(google: WearableProvider, body: bytes) -> None:
    assert refused(google, knock(body)) == 400
