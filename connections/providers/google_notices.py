"""What Google tells at the hook: webhooks of the Health API, and security events of the account.

https://developers.google.com/health/webhooks
https://developers.google.com/identity/protocols/risc
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from connections.providers import google_keys, notice_bodies
from connections.providers.answers import NoticeKind, NoticeMessage, NotVerifiedError
from connections.providers.base import WearableProvider, require_storable, text_id
from connections.providers.notice_bodies import UNFIT

# As OpenID Connect has it, as the security events' example has it, and as it once was.
ISSUERS = ("https://accounts.google.com", "https://accounts.google.com/", "accounts.google.com")
SET = "application/secevent+jwt"
# Both names are official.
SIGNATURES = ("X-HEALTHAPI-SIGNATURE", "GOOGLE-HEALTH-API-SIGNATURE")
# Tink: a version byte and the key's id stand before the signature.
TINK_VERSION, TINK_PREFIX = 1, 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

OAUTH = "https://schemas.openid.net/secevent/oauth/event-type"
RISC = "https://schemas.openid.net/secevent/risc/event-type"
# An account that is locked or in danger may come back, and one lost token is not the consent: a
# probe tells. Other events (`verification`, `account-enabled`) say nothing of access.
WORTH = {
    f"{OAUTH}/tokens-revoked": NoticeKind.REVOKED,
    f"{RISC}/account-purged": NoticeKind.REVOKED,
    f"{OAUTH}/token-revoked": NoticeKind.DOUBT,
    f"{RISC}/account-disabled": NoticeKind.DOUBT,
    f"{RISC}/account-credential-change-required": NoticeKind.DOUBT,
    f"{RISC}/sessions-revoked": NoticeKind.DOUBT,
}


# Webhooks


def is_test(body: bytes) -> bool:
    """The test of the address, sent once with our Authorization and once without."""
    try:
        return bool(json.loads(body) == {"type": "verification"})
    except UNFIT:
        return False


def verify_webhook(provider: WearableProvider, signature: str, body: bytes) -> None:
    """Raises NotVerifiedError unless Google signed these very bytes."""
    try:
        signed = base64.b64decode(signature, validate=True)
    except ValueError as error:
        raise NotVerifiedError("signature") from error
    if len(signed) <= TINK_PREFIX or signed[0] != TINK_VERSION:
        raise NotVerifiedError("signature")
    key = google_keys.webhook_key(provider, int.from_bytes(signed[1:TINK_PREFIX], "big"))
    try:
        key.verify(signed[TINK_PREFIX:], body, ECDSA(SHA256()))
    except InvalidSignature as error:
        raise NotVerifiedError("signature") from error


def webhook_facts(said: Any) -> list[NoticeMessage]:
    """Data that is gone may be gone with the consent. One question for each person is enough."""
    entries = said if isinstance(said, list) else [said]
    told = [entry["data"] for entry in entries]
    people = [text_id(data["healthUserId"]) for data in told if data["operation"] == "DELETE"]
    return [NoticeMessage(NoticeKind.DOUBT, one) for one in dict.fromkeys(people)]


# Security events


def read_events(provider: WearableProvider, token: bytes) -> list[NoticeMessage]:
    """The facts of a Security Event Token (RFC 8417). What is not in order is answered with 400.

    Raises NotVerifiedError or MalformedNoticeError.
    """
    try:
        claims = _verified(provider, token)
    except NotVerifiedError as error:
        raise NotVerifiedError(str(error), status=error.status or 400) from error
    return notice_bodies.told(claims, _event_facts)


def _verified(provider: WearableProvider, token: bytes) -> dict[str, Any]:
    """It never runs out, and `iat` is read, not judged: our clock may be the wrong one."""
    try:
        key_id = jwt.get_unverified_header(token)["kid"]
        return jwt.decode(
            token,
            google_keys.event_key(provider, key_id),
            algorithms=["RS256"],
            audience=provider.credentials.client_id,
            issuer=ISSUERS,
            options={
                "require": ["iat"],
                "verify_exp": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
    except (jwt.PyJWTError, *UNFIT) as error:
        raise NotVerifiedError(type(error).__name__) from error


def _event_facts(claims: dict[str, Any]) -> list[NoticeMessage]:
    """A single token's event names no account, only the token: nobody can be asked about it."""
    when = _moment(claims.get("toe", claims["iat"]))
    named = [
        (WORTH[event], _account(details))
        for event, details in claims["events"].items()
        if event in WORTH
    ]
    return [
        NoticeMessage(kind, alternate_id=account, occurred_at=when)
        for kind, account in named
        if account
    ]


def _account(event: dict[str, Any]) -> str:
    subject = event["subject"]
    is_google_s = subject.get("iss", ISSUERS[0]) in ISSUERS
    return text_id(subject.get("sub")) if is_google_s else ""


def _moment(seconds: object) -> datetime:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError("no time")
    return EPOCH + timedelta(seconds=seconds)


# ID tokens


def account_of(id_token: object, client_id: str) -> str:
    """Whose account an ID token is about; empty where it does not say.

    It came from the token endpoint itself, so its signature is not needed (OpenID Connect Core
    §3.1.3.7, item 6). The name of the account in security events.
    """
    try:
        claims = jwt.decode(
            id_token,  # type: ignore[arg-type]  # PyJWT refuses what is no text
            options={"verify_signature": False, "verify_aud": True, "verify_iss": True},
            audience=client_id,
            issuer=ISSUERS,
        )
        named = text_id(claims.get("sub"))
        require_storable(named)
        return named
    except (jwt.PyJWTError, *UNFIT):
        return ""
