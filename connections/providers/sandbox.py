"""The sandbox: a make-believe wearable company that is as harsh as the harshest real one."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from connections.providers.answers import (
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
    Probe,
    ProviderError,
)
from connections.providers.base import WearableAdapter, WearableProvider, require_storable
from connections.providers.http import ProviderSession, json_object
from terra_portal import clock

SIGNATURE_AGE = timedelta(minutes=5)


class SandboxAdapter(WearableAdapter):
    provider_id = "sandbox"
    basic_auth = True

    @property
    def authorize_url(self) -> str:
        return f"{settings.SANDBOX_URL}/oauth/authorize"

    @property
    def access_token_url(self) -> str:
        return f"{settings.SANDBOX_URL}/oauth/token"

    @property
    def revoke_url(self) -> str:  # type: ignore[override]
        return f"{settings.SANDBOX_URL}/oauth/revoke"


class SandboxProvider(WearableProvider):
    id = "sandbox"
    name = display_name = "Sandbox"
    resource = "SANDBOX"
    oauth2_adapter_class = SandboxAdapter

    @classmethod
    def is_available(cls) -> bool:
        return bool(settings.SANDBOX_URL)

    def get_default_scope(self) -> list[str]:
        return ["activity", "heartrate", "profile", "sleep"]

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["user_id"])

    def extract_consent_id(self, data: dict[str, Any]) -> str:
        return str(data.get("consent_id") or "")

    def probe(self, access_token: str) -> Probe:
        """200 is alive, 401 `invalid_token` is dead (RFC 6750 §3.1), all else says nothing."""
        try:
            with ProviderSession() as session:
                bearer = {"Authorization": f"Bearer {access_token}"}
                response = session.get(f"{settings.SANDBOX_URL}/v1/me", headers=bearer)
            if response.status_code == 200 and "user_id" in json_object(response):
                return Probe.ALIVE
            dead = response.status_code == 401
            return (
                Probe.DEAD
                if dead and _says_invalid_token(json_object(response))
                else (Probe.UNSURE)
            )
        except ProviderError:
            return Probe.UNSURE

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> list[NoticeMessage]:
        """`Sandbox-Signature: t=…,v1=hex(HMAC-SHA256(client secret, "t.body"))`."""
        verify(headers.get("Sandbox-Signature", ""), body, self.credentials.client_secret)
        try:
            said = json.loads(body)
            kind = NoticeKind.REVOKED if said["type"] == "access_revoked" else NoticeKind.OTHER
            user_id, consent_id = str(said["user_id"]), str(said.get("consent_id") or "")
            require_storable(user_id, consent_id)
            when = _time(said.get("occurred_at"))
            return [NoticeMessage(kind, user_id[:255], consent_id[:255], when)]
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedNoticeError(type(error).__name__) from error


def verify(header: str, body: bytes, secret: str) -> None:
    """Raises NotVerifiedError unless the signature is right and not older than five minutes."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    stamp, signature = parts.get("t", ""), parts.get("v1", "")
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise NotVerifiedError("no time")
    expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise NotVerifiedError("signature")
    if abs(clock.now().timestamp() - int(stamp)) > SIGNATURE_AGE.total_seconds():
        raise NotVerifiedError("age")


def _says_invalid_token(body: dict[str, Any]) -> bool:
    return body.get("error") == "invalid_token"


def _time(text: object) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment
