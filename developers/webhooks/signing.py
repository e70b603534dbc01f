"""What a receiver checks a webhook by: Terra's signature and Standard Webhooks', in one request."""

import base64
import hmac
import os
from datetime import datetime

from developers.models import Delivery, Destination
from developers.webhooks import extra_headers

PREFIX = "whsec_"


def new_secret() -> str:
    """In the form of Standard Webhooks; Terra's signature is keyed with the whole text."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def headers(delivery: Delivery, body: bytes, *, at: datetime) -> dict[str, str]:
    """The headers of one attempt, signed at this moment: receivers refuse an old signature.

    After a rotation the old secret signs as well until its time is over; either verifies. What
    identifies the delivery is the same at each attempt. The destination's own headers come with
    them, and never in place of one of ours. Needs event, destination and environment loaded.
    """
    event, secrets = delivery.event, _secrets(delivery.destination, at)
    seconds = str(int(at.timestamp()))
    ours = {
        "content-type": "application/json",
        "dev-id": delivery.environment.dev_id,
        "terra-reference": str(event.terra_reference),
        "X-Terra-Trace-Id": str(delivery.pk),
        "X-Terra-Ordering-Timestamp": str(int(event.occurred_at.timestamp() * 1000)),
        # Terra's clients read every `v1`; the libraries of Standard Webhooks split at the blank.
        "terra-signature": ",".join(
            [f"t={seconds}", *(f"v1={_terra(secret, seconds, body)}" for secret in secrets)]
        ),
        "webhook-id": str(event.pk),
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(
            f"v1,{_standard(secret, str(event.pk), seconds, body)}" for secret in secrets
        ),
    }
    return _of_the_company(delivery.destination) | ours


def _secrets(destination: Destination, at: datetime) -> list[str]:
    """The newest first."""
    until = destination.previous_secret_until
    old_signs = until is not None and at < until and destination.previous_secret
    return [destination.signing_secret, *([destination.previous_secret] if old_signs else [])]


def _of_the_company(destination: Destination) -> dict[str, str]:
    """Refused names are never stored; they are left out all the same, whoever wrote the row."""
    own = extra_headers.of(destination).items()
    return {name: value for name, value in own if not extra_headers.is_reserved(name)}


def _terra(secret: str, seconds: str, body: bytes) -> str:
    """HMAC-SHA256 in hex over `t.body`, keyed with the UTF-8 of the secret, prefix and all."""
    return hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()


def _standard(secret: str, event_id: str, seconds: str, body: bytes) -> str:
    """Standard Webhooks, "Signature scheme": over `id.timestamp.body`, keyed with the bytes."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
