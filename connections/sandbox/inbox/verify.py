"""Two libraries that know nothing of the sender check its signatures."""

from collections.abc import Mapping

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from terra.utils import verify_signature

from ..models.inbox import Verdict


def by_terra_python(body: bytes, headers: Mapping[str, str], secret: str) -> Verdict:
    if not secret:
        return Verdict.NO_SECRET
    try:
        verify_signature.verify_terra_webhook_signature(
            body.decode(), headers.get("terra-signature", ""), secret
        )
    except (verify_signature.WebhookVerificationError, UnicodeDecodeError, TypeError):
        return Verdict.INVALID
    return Verdict.VALID


def by_standardwebhooks(body: bytes, headers: Mapping[str, str], secret: str) -> Verdict:
    if not secret:
        return Verdict.NO_SECRET
    try:
        Webhook(secret).verify(body, dict(headers))
    except (WebhookVerificationError, ValueError, RuntimeError, TypeError):
        return Verdict.INVALID
    return Verdict.VALID
