"""What a receiver checks a webhook by: Terra's signature and Standard Webhooks', in one request."""

import base64
import hashlib
import hmac
import os
from datetime import datetime

from developers.models import Delivery

PREFIX = "whsec_"


def new_secret() -> str:
    """In the form of Standard Webhooks; Terra's signature is keyed with the whole text."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def headers(delivery: Delivery, body: bytes, *, at: datetime) -> dict[str, str]:
    """The headers of one attempt, signed at this moment: receivers refuse an old signature.

    What identifies the delivery is the same at each attempt. Needs event, destination and
    environment loaded.
    """
    event, secret = delivery.event, delivery.destination.signing_secret
    seconds = str(int(at.timestamp()))
    return {
        "content-type": "application/json",
        "dev-id": delivery.environment.dev_id,
        "terra-reference": str(event.terra_reference),
        "X-Terra-Trace-Id": str(delivery.pk),
        "X-Terra-Ordering-Timestamp": str(int(event.occurred_at.timestamp() * 1000)),
        "terra-signature": f"t={seconds},v1={_terra(secret, seconds, body)}",
        "webhook-id": str(event.pk),
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{_standard(secret, str(event.pk), seconds, body)}",
    }


def _terra(secret: str, seconds: str, body: bytes) -> str:
    """HMAC-SHA256 in hex over `t.body`, keyed with the UTF-8 of the secret, prefix and all."""
    return hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()


def _standard(secret: str, event_id: str, seconds: str, body: bytes) -> str:
    """Standard Webhooks, "Signature scheme": over `id.timestamp.body`, keyed with the bytes."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
