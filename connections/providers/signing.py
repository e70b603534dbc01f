"""How notices prove themselves: keyed digests over the raw body, compared in constant time."""

import base64
import hashlib
import hmac
from datetime import timedelta

from connections.providers.answers import NotVerifiedError
from terra_portal import clock


def digest(secret: str, message: bytes, algorithm: str = "sha256") -> bytes:
    """HMAC (RFC 2104) of the bytes as they came.

    Raises NotVerifiedError where there is no secret: then anybody could sign.
    """
    if not secret:
        raise NotVerifiedError("no secret to verify with")
    return hmac.new(secret.encode(), message, getattr(hashlib, algorithm)).digest()


def base64_digest(secret: str, message: bytes, algorithm: str = "sha256") -> str:
    return base64.b64encode(digest(secret, message, algorithm)).decode()


def hex_digest(secret: str, message: bytes, algorithm: str = "sha256") -> str:
    return digest(secret, message, algorithm).hex()


def require_same(given: str, expected: str, what: str = "signature") -> None:
    """Raises NotVerifiedError unless both are the same and not empty."""
    same = hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
    if not given or not expected or not same:
        raise NotVerifiedError(what)


def require_recent(stamp: str, within: timedelta, *, per_second: int = 1) -> None:
    """Raises NotVerifiedError unless the Unix time lies that close to now."""
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 16:
        raise NotVerifiedError("no time")
    if abs(clock.now().timestamp() - int(stamp) / per_second) > within.total_seconds():
        raise NotVerifiedError("age")
