"""Private keys that companies sign with: made on first use and kept in the data folder."""

import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

Private = TypeVar("Private", ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)

_one_at_a_time = threading.RLock()


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """For RS256 (RFC 7518 §3.3)."""
    key = _kept(name, lambda: rsa.generate_private_key(public_exponent=65_537, key_size=2048))
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """On the curve P-256."""
    key = _kept(name, lambda: ec.generate_private_key(ec.SECP256R1()))
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def public_bytes(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    """What an id of the key can be made of."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _kept(name: str, make: Callable[[], Private]) -> object:
    """The key of that name, readable by its owner only."""
    path: Path = settings.DATA / f"{name}.pem"
    with _one_at_a_time:
        if not path.exists():
            _write(path, make())
        return load_pem_private_key(path.read_bytes(), password=None)


def _write(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    """All of it or nothing: a process that dies here leaves no half a key."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    unfinished = path.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    unfinished.replace(path)
