"""Secrets at rest: AES-256-GCM under a rotating list of keys, each ciphertext bound to its place.

A stored value reads `v1.<key id>.<base64url of nonce and ciphertext>`. The associated data is
`table:column:primary key`, so that a ciphertext copied into another row or column does not open.
"""

import base64
import hashlib
import os
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"


class BadKeyError(Exception):
    """ENCRYPTION_KEYS is malformed."""


class UnreadableError(Exception):
    """A ciphertext does not open: unknown key, wrong place, or damage."""


class Sealed(str):
    """A ciphertext as it stands in the database."""

    __slots__ = ()


def sha256(text: str) -> str:
    """How a bearer secret of ours (API key, link token, hook id) is stored."""
    return hashlib.sha256(text.encode()).hexdigest()


def random_token(size: int = 32) -> str:
    return secrets.token_urlsafe(size)


def new_key(key_id: str) -> str:
    """A fresh entry for ENCRYPTION_KEYS: `id:base64url of 32 bytes`."""
    return f"{key_id}:{base64.urlsafe_b64encode(os.urandom(32)).decode()}"


def keyring() -> dict[str, AESGCM]:
    """The configured keys by id, the one that seals first.

    Raises BadKeyError for an entry that is not `id:base64 of 32 bytes`.
    """
    return _keyring(tuple(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=4)
def _keyring(entries: tuple[str, ...]) -> dict[str, AESGCM]:
    ring = {}
    for entry in entries:
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded)
        except ValueError:
            key = b""
        if not key_id.isalnum() or len(key) != 32:
            raise BadKeyError("ENCRYPTION_KEYS needs entries of the form id:base64 of 32 bytes.")
        ring[key_id] = AESGCM(key)
    if not ring:
        raise BadKeyError("ENCRYPTION_KEYS is empty.")
    return ring


def seal(plaintext: str, *, place: str) -> Sealed:
    """The ciphertext of `plaintext` for this place; the empty string stays empty."""
    if not plaintext:
        return Sealed("")
    key_id, key = next(iter(keyring().items()))
    nonce = os.urandom(12)
    box = nonce + key.encrypt(nonce, plaintext.encode(), place.encode())
    return Sealed(f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(box).decode()}")


def unseal(sealed: str, *, place: str) -> str:
    """The plaintext; raises UnreadableError rather than ever returning the ciphertext."""
    if not sealed:
        return ""
    try:
        version, key_id, encoded = sealed.split(".")
        box = base64.urlsafe_b64decode(encoded)
        if version != VERSION:
            raise UnreadableError(f"unknown ciphertext version at {place}")
        return keyring()[key_id].decrypt(box[:12], box[12:], place.encode()).decode()
    except (ValueError, KeyError, InvalidTag) as error:
        raise UnreadableError(f"ciphertext at {place} does not open") from error


def sealing_key_id(sealed: str) -> str:
    return sealed.split(".")[1] if sealed else ""
