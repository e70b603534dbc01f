"""What the provider knows: every consent that it handed tokens out for, and how it ended."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.sandbox.company import NoticeServer, wait_until
from tests.sandbox.process import Sandbox

BY_PERSON, BY_CLIENT = "person", "client"
# A rotated refresh token was used again: what follows from an answer that got lost.
BY_REUSE = "refresh_reused"


@dataclass(frozen=True)
class Consent:
    consent_id: str
    client_id: str
    account: str
    user_id: str
    scopes: frozenset[str]
    ended_at: str | None
    end: str


def read(sandbox: Sandbox, client_ids: Sequence[str]) -> list[Consent]:
    """In the order in which they came to be."""
    return [
        Consent(
            consent_id=row["consent_id"],
            client_id=row["client_id"],
            account=row["account"],
            user_id=row["user_id"],
            scopes=frozenset(row["scope"].split()),
            ended_at=row["ended_at"],
            end=row["end"],
        )
        for row in sandbox.control("GET", f"consents?clients={' '.join(client_ids)}")
    ]


@dataclass(frozen=True)
class Letter:
    """A notice that the provider has sent, on its way to the portal.

    The provider's clock is taken to go with the portal's, by which the consent ended `at`.
    """

    consent: Consent
    at: datetime

    def body(self, inbound: NoticeServer) -> bytes:
        """The notice as it was sent, its time on the portal's clock."""
        found: list[dict[str, Any]] = []

        def arrived() -> bool:
            found[:] = [one.payload for one in inbound.received if self._is(one.payload)]
            return bool(found)

        wait_until(arrived)
        return json.dumps(found[0] | {"occurred_at": self.at.isoformat()}).encode()

    def _is(self, payload: dict[str, Any]) -> bool:
        mine = (self.consent.client_id, self.consent.user_id, self.consent.ended_at)
        return (payload["client_id"], payload["user_id"], payload["occurred_at"]) == mine


def signature(body: bytes, secret: str, at: datetime) -> str:
    """Made anew at each sending, as the provider does."""
    stamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
