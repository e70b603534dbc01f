"""The sandbox: a make-believe wearable company that is as harsh as the harshest real one."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
from django.conf import settings

from connections.providers.answers import (
    Knock,
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
    Probe,
)
from connections.providers.base import WearableAdapter, WearableProvider, require_storable
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import json_object
from terra_portal import clock

SIGNATURE_AGE = timedelta(minutes=5)
PAGE = "docs/architecture.md"


class SandboxAdapter(WearableAdapter):
    """Its addresses are paths: it is wherever `SANDBOX_URL` says."""

    provider_id = "sandbox"
    basic_auth = True
    authorize_url = "/oauth/authorize"
    access_token_url = "/oauth/token"  # noqa: S105 - an address
    revoke_url = "/oauth/revoke"


class SandboxProvider(WearableProvider):
    id = "sandbox"
    name = display_name = "Sandbox"
    resource = "SANDBOX"
    oauth2_adapter_class = SandboxAdapter
    hosts = ()
    scope_labels: ClassVar = {
        "activity": "Steps, workouts and calories",
        "heartrate": "Heart rate",
        "profile": "Account name and settings",
        "sleep": "Sleep",
    }
    probe_url = "/v1/me"
    probes_per_minute = 600
    tells = NoticeKind.REVOKED
    facts = (
        Fact(About.CLIENT, "HTTP Basic; PKCE with S256 is required.", Confidence.DOCUMENTED, PAGE),
        Fact(
            About.TOKENS,
            "Access tokens live an hour; a refresh token works once, and its second use ends the "
            "consent.",
            Confidence.DOCUMENTED,
            PAGE,
        ),
        Fact(About.ACCOUNT, "`user_id` in the token answer.", Confidence.DOCUMENTED, PAGE),
        Fact(About.SECOND_CONSENT, "It kills the earlier tokens.", Confidence.DOCUMENTED, PAGE),
        Fact(About.REVOKE, "The whole consent, with a notice.", Confidence.DOCUMENTED, PAGE),
        Fact(
            About.SIGNAL,
            "A notice that names the consent, sent twice.",
            Confidence.DOCUMENTED,
            PAGE,
        ),
        Fact(
            About.PROOF,
            "`Sandbox-Signature`: HMAC-SHA256 over time and body.",
            Confidence.DOCUMENTED,
            PAGE,
        ),
        Fact(About.DEAD, "401 `invalid_token`.", Confidence.DOCUMENTED, PAGE),
        Fact(About.LIMITS, "None.", Confidence.DOCUMENTED, PAGE),
    )

    @classmethod
    def is_available(cls, *, simulated: bool) -> bool:
        return bool(settings.SANDBOX_URL)

    def at(self, url: str) -> str:
        return f"{settings.SANDBOX_URL}{url}"

    def extract_consent_id(self, data: dict[str, Any]) -> str:
        return str(data.get("consent_id") or "")

    def read_probe(self, response: httpx.Response) -> Probe:
        """200 is alive, 401 `invalid_token` is dead (RFC 6750 §3.1), all else says nothing."""
        said = super().read_probe(response)
        named = said is not Probe.ALIVE or "user_id" in json_object(response)
        return said if named else Probe.UNSURE

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        """`Sandbox-Signature: t=…,v1=hex(HMAC-SHA256(client secret, "t.body"))`."""
        header = knock.headers.get("Sandbox-Signature", "")
        verify(header, knock.body, self.credentials.client_secret)
        try:
            said = json.loads(knock.body)
            kind = NoticeKind.REVOKED if said["type"] == "access_revoked" else NoticeKind.OTHER
            user_id, consent_id = str(said["user_id"]), str(said.get("consent_id") or "")
            require_storable(user_id, consent_id)
            when = _time(said.get("occurred_at"))
            return [
                NoticeMessage(kind, user_id[:255], consent_id=consent_id[:255], occurred_at=when)
            ]
        except (KeyError, TypeError, ValueError, RecursionError) as error:
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


def _time(text: object) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment
