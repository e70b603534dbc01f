"""Signatures and keysets as Google's Tink library writes them.

ECDSA on P-256 with SHA-256 in DER. https://developers.google.com/tink/wire-format
"""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, Hash

from ..keys import public_bytes

# What stands before a signature: this byte and the key's id.
START = b"\x01"
TYPE = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"
# The message of ecdsa.proto: SHA-256 (3), P-256 (2), DER (2) as its field 2; then x and y.
PARAMETERS = b"\x12\x06\x08\x03\x10\x02\x18\x02"
X, Y = b"\x1a", b"\x22"
# A zero stands before the 32 bytes of a number, so that no reader takes it for a negative one.
NUMBER = 33


def key_id(key: ec.EllipticCurvePrivateKey) -> int:
    """32 bits, never 0."""
    digest = Hash(SHA256())
    digest.update(public_bytes(key))
    return int.from_bytes(digest.finalize()[:4]) or 1


def sign(body: bytes, key: ec.EllipticCurvePrivateKey, *, named: int) -> str:
    """In base64, under the id ``named``."""
    signature = key.sign(body, ec.ECDSA(SHA256()))
    return base64.b64encode(START + named.to_bytes(4) + signature).decode()


def public_keyset(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """The keyset of this one key, as JSON."""
    point = key.public_key().public_numbers()
    message = PARAMETERS + b"".join(
        tag + bytes([NUMBER]) + value.to_bytes(NUMBER)
        for tag, value in ((X, point.x), (Y, point.y))
    )
    data = {"typeUrl": TYPE, "value": base64.b64encode(message).decode()}
    entry = {
        "keyData": {**data, "keyMaterialType": "ASYMMETRIC_PUBLIC"},
        "status": "ENABLED",
        "keyId": key_id(key),
        "outputPrefixType": "TINK",
    }
    return {"primaryKeyId": key_id(key), "key": [entry]}
