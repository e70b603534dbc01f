"""Google's two ways of signing, with keys of our own, and the pages that publish them."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from tests.connections.providers.stand_in import StandIn

CLIENT_ID = "123456789-abcdef0.apps.googleusercontent.com"
KEYSET = "GET www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"
CONFIGURATION = "GET accounts.google.com/.well-known/risc-configuration"
CERTIFICATES = "GET www.googleapis.com/oauth2/v3/certs"
ECDSA_KEY = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"

_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Signer:
    """A pair of private keys under ids of theirs."""

    webhook_id: int = 0xA1B2C3D4
    event_id: str = "key-1"
    webhook: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    event: rsa.RSAPrivateKey = _RSA

    def publish(self, maker: StandIn, *others: dict[str, Any]) -> None:
        maker.set(KEYSET, {"primaryKeyId": self.webhook_id, "key": [*others, self.tink_key()]})
        maker.set(CONFIGURATION, {"jwks_uri": "https://www.googleapis.com/oauth2/v3/certs"})
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.event.public_key(), as_dict=True)
        maker.set(CERTIFICATES, {"keys": [{**public, "kid": self.event_id, "alg": "RS256"}]})

    def tink_key(self, **more: Any) -> dict[str, Any]:
        point = self.webhook.public_key().public_numbers()
        message = b"\x12\x06\x08\x03\x10\x02\x18\x02"
        for tag, number in ((b"\x1a", point.x), (b"\x22", point.y)):
            message += tag + b"\x21" + number.to_bytes(33, "big")
        data = {"typeUrl": ECDSA_KEY, "value": base64.b64encode(message).decode()}
        return {
            "keyData": {**data, "keyMaterialType": "ASYMMETRIC_PUBLIC"},
            "status": "ENABLED",
            "keyId": self.webhook_id,
            "outputPrefixType": "TINK",
            **more,
        }

    def sign(self, body: bytes, *, version: int = 1, key_id: int | None = None) -> str:
        """What stands in a webhook's signature header."""
        number = self.webhook_id if key_id is None else key_id
        der = self.webhook.sign(body, ec.ECDSA(SHA256()))
        return base64.b64encode(bytes([version]) + number.to_bytes(4, "big") + der).decode()

    def event_token(self, claims: dict[str, Any], **header: Any) -> bytes:
        """A Security Event Token with these claims."""
        named = {"kid": self.event_id, "typ": "secevent+jwt", **header}
        payload = json.dumps(claims).encode()
        return jwt.PyJWS().encode(payload, self.event, "RS256", named).encode()
