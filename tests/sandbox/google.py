"""An app at Google's stand-in, and how it knows what Google signed."""

import base64
import secrets
from typing import Any

import jwt
import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from .company import REDIRECT, VERIFIER, NoticeServer, Received
from .process import Sandbox
from .stand_in import StandIn

AUTHORIZE = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN = "https://oauth2.googleapis.com/token"
REVOKE = "https://oauth2.googleapis.com/revoke"
IDENTITY = "https://health.googleapis.com/v4/users/me/identity"
KEYSET = "https://www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"
CONFIGURATION = "https://accounts.google.com/.well-known/risc-configuration"
SCOPES = "https://www.googleapis.com/auth"
SLEEP = f"{SCOPES}/googlehealth.sleep.readonly"
ACTIVITY = f"{SCOPES}/googlehealth.activity_and_fitness.readonly"
EMAIL = f"{SCOPES}/userinfo.email"
ASKED = f"{SLEEP} {ACTIVITY} openid email"
SECRET = "Bearer subscriber-secret"
REVOKED = "https://schemas.openid.net/secevent/oauth/event-type/tokens-revoked"
PURGED = "https://schemas.openid.net/secevent/risc/event-type/account-purged"


class Google(StandIn):
    def authorize(self, **changes: str | None) -> str:
        asked = {"scope": ASKED, "access_type": "offline", "prompt": "consent", **changes}
        return self.authorize_url(AUTHORIZE, **asked)

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.call("POST", TOKEN, data={**form, **self.in_body})

    def exchange(self, code: str, **changes: str | None) -> requests.Response:
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
        kept = {name: value for name, value in form.items() if value is not None}
        return self.token({"grant_type": "authorization_code", **kept})

    def connect(self, scopes: list[str] | None = None, **changes: str | None) -> dict[str, Any]:
        ticked: dict[str, Any] = {} if scopes is None else {"scopes": scopes}
        answer = self.exchange(self.decide(self.authorize(**changes), **ticked)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form)

    def identity(self, tokens: dict[str, Any]) -> requests.Response:
        return self.call("GET", IDENTITY, tokens["access_token"])

    def lives(self, tokens: dict[str, Any]) -> tuple[bool, bool]:
        return self.identity(tokens).ok, self.refresh(tokens).ok

    def revoke(self, token: str) -> requests.Response:
        return self.call("POST", REVOKE, data={"token": token})

    def claims(self, token: bytes | str) -> dict[str, Any]:
        """What a JWT says that these published keys have signed. Raises ``jwt.PyJWTError``."""
        address = self.call("GET", CONFIGURATION).json()["jwks_uri"]
        published = jwt.PyJWKSet.from_dict(self.call("GET", address).json())
        key = published[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"require": ["iss", "aud", "iat"]}
        return dict(
            jwt.decode(
                token, key, algorithms=["RS256"], audience=self.client_id, options=options, leeway=5
            )
        )

    def signed(self, notice: Received) -> bool:
        """Whether the published key has signed the webhook."""
        (entry,) = self.call("GET", KEYSET).json()["key"]
        assert (entry["status"], entry["outputPrefixType"]) == ("ENABLED", "TINK")
        message = base64.b64decode(entry["keyData"]["value"])
        parameters, x, y = message[:8], message[10:43], message[45:]
        # SHA-256, P-256 and DER in field 2, then two numbers of 33 bytes in fields 3 and 4.
        assert parameters == b"\x12\x06\x08\x03\x10\x02\x18\x02"
        assert (message[8:10], message[43:45], len(y)) == (b"\x1a\x21", b"\x22\x21", 33)
        point = ec.EllipticCurvePublicNumbers(
            int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()
        ).public_key()
        proof = base64.b64decode(notice.headers["x-healthapi-signature"])
        assert (proof[0], int.from_bytes(proof[1:5])) == (1, entry["keyId"])
        try:
            point.verify(proof[5:], notice.body, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def verify(self) -> bool:
        asked = {"client_id": self.client_id}
        return bool(self.sandbox.control("POST", "clients/verify", asked)["verified"])


def in_project(sandbox: Sandbox, **more: Any) -> Google:
    number = more.pop("number", "") or str(secrets.randbelow(10**12))
    name = f"{number}-{secrets.token_hex(8)}.apps.googleusercontent.com"
    return Google(sandbox, "google", client_id=name, **more)


def guarded(received: Received) -> int:
    """As an address answers that knows the subscriber's secret."""
    if "secevent" in received.headers["content-type"]:
        return 202
    return 200 if received.headers.get("authorization") == SECRET else 401


def events(notices: NoticeServer) -> list[Received]:
    return [one for one in notices.received if "secevent" in one.headers["content-type"]]


def webhooks(notices: NoticeServer) -> list[Received]:
    """Those that come after the test of the address."""
    return [one for one in notices.received if one.body.startswith(b"[")]
