"""What Google signs with, and how it publishes that."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import RSAAlgorithm

from .. import keys
from . import tink


def signed(claims: Mapping[str, Any], kind: str, *, forged: bool = False) -> str:
    """A JWT in RS256. A forged one names the right key and is signed with another."""
    key = _strange_rsa_key() if forged else _event_key()
    headers = {"kid": _event_key_id(), "typ": kind}
    return jwt.api_jws.encode(json.dumps(claims).encode(), key, "RS256", headers)


def certificates() -> dict[str, Any]:
    """The key of JWTs (RFC 7517)."""
    public = RSAAlgorithm.to_jwk(_event_key().public_key(), as_dict=True)
    return {"keys": [{**public, "kid": _event_key_id(), "alg": "RS256", "use": "sig"}]}


def webhook_signature(body: bytes, *, forged: bool) -> str:
    """The same for webhooks."""
    key = _strange_ec_key() if forged else _webhook_key()
    return tink.sign(body, key, named=tink.key_id(_webhook_key()))


def webhook_keyset() -> dict[str, Any]:
    return tink.public_keyset(_webhook_key())


def _webhook_key() -> ec.EllipticCurvePrivateKey:
    return keys.ec_key("google-webhooks")


def _event_key() -> rsa.RSAPrivateKey:
    return keys.rsa_key("google-accounts")


def _event_key_id() -> str:
    return hashlib.sha256(keys.public_bytes(_event_key())).hexdigest()[:40]


@cache
def _strange_ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _strange_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)
