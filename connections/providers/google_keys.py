"""Google's published keys: kept for a day where all workers see them, never asked for in a hurry.

Webhooks are signed with a Tink keyset (https://developers.google.com/health/webhooks), security
events with a JSON Web Key Set (RFC 7517; https://developers.google.com/identity/protocols/risc).
"""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache
from jwt import PyJWK

from connections.providers.answers import Failure, NotVerifiedError, ProviderError
from connections.providers.base import WearableProvider
from connections.providers.http import json_object, refuse_unavailable
from connections.providers.notice_bodies import UNFIT
from terra_portal import crypto

KEYSET = "https://www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"
RISC_CONFIGURATION = "https://accounts.google.com/.well-known/risc-configuration"
KEPT = timedelta(days=1)
# Nobody who makes up key ids can make us ask more often.
ASKED_AGAIN = timedelta(minutes=1)

ECDSA_KEY = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"
# SHA-256, the curve P-256, signatures in DER: tink's ecdsa.proto.
PARAMETERS = b"\x08\x03\x10\x02\x18\x02"


def webhook_key(provider: WearableProvider, key_id: int) -> ec.EllipticCurvePublicKey:
    """The key of that id that signs webhooks; raises NotVerifiedError."""
    x, y = _find(provider, KEYSET, str(key_id), lambda: dict(_tink_keys(_ask(provider, KEYSET))))
    return _point(x, y)


def event_key(provider: WearableProvider, key_id: str) -> PyJWK:
    """The key of that id that signs security events; raises NotVerifiedError."""

    def published() -> dict[str, Any]:
        address = _ask(provider, RISC_CONFIGURATION)["jwks_uri"]
        return {key["kid"]: key for key in _ask(provider, address)["keys"]}

    return PyJWK(_find(provider, RISC_CONFIGURATION, key_id, published), algorithm="RS256")


def _find(
    provider: WearableProvider, where: str, key_id: str, published: Callable[[], dict[str, Any]]
) -> Any:
    """One key, asked for where it is not known yet.

    Raises NotVerifiedError, with 503 where the keys are not to be had just now: Google comes again.
    """
    try:
        slot = f"google-keys:{crypto.sha256(provider.at(where))}"
        known = cache.get(slot)
        if (known is None or key_id not in known) and cache.add(
            f"{slot}:asked", True, ASKED_AGAIN.total_seconds()
        ):
            known = published()
            cache.set(slot, known, KEPT.total_seconds())
    except (ProviderError, *UNFIT) as error:
        raise NotVerifiedError(f"keys: {type(error).__name__}", status=503) from error
    if known is None:
        raise NotVerifiedError("keys: asked for a moment ago", status=503)
    if key_id not in known:
        raise NotVerifiedError("unknown key")
    return known[key_id]


def _ask(provider: WearableProvider, url: str) -> dict[str, Any]:
    response = provider.call("GET", url)
    refuse_unavailable(response)
    if not response.is_success:
        raise ProviderError(Failure.UNUSABLE, f"{response.status_code} for keys")
    return json_object(response)


# Tink


def _tink_keys(keyset: dict[str, Any]) -> Iterator[tuple[str, tuple[int, int]]]:
    """The points of the keys in use, by their ids."""
    for entry in keyset["key"]:
        data = entry["keyData"]
        if entry["status"] == "ENABLED" and data["typeUrl"] == ECDSA_KEY:
            fields = _fields(base64.b64decode(data["value"]))
            if fields[2] != PARAMETERS:
                continue
            x, y = (int.from_bytes(fields[number], "big") for number in (3, 4))
            _point(x, y)
            yield str(entry["keyId"]), (x, y)


def _point(x: int, y: int) -> ec.EllipticCurvePublicKey:
    """Raises ValueError for what does not lie on the curve."""
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _fields(message: bytes) -> dict[int, bytes]:
    """What a protobuf message holds by field number; numbers among it are left out.

    Raises ValueError.
    """
    fields: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        size, at = _number(message, at)
        if tag & 7 == 0:
            continue
        if tag & 7 != 2 or at + size > len(message):
            raise ValueError("not a message of texts and numbers")
        fields[tag >> 3] = message[at : at + size]
        at += size
    return fields


def _number(message: bytes, at: int) -> tuple[int, int]:
    """The variable-length number at that place, and the place behind it."""
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
    raise ValueError("a number without an end")
