"""What a provider can answer, in words that do not depend on the provider."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Probe(Enum):
    """What one call with the access token shows of the authorisation."""

    ALIVE = "alive"
    DEAD = "dead"
    UNSURE = "unsure"


class Failure(Enum):
    """Why a call to a provider did not give what was asked for."""

    INVALID_GRANT = "invalid_grant"
    INVALID_CLIENT = "invalid_client"
    RETIRED = "retired"
    UNAVAILABLE = "unavailable"
    UNUSABLE = "unusable"


class ProviderError(Exception):
    """A call failed. `outcome_known` is false where the provider may have acted all the same.

    The text never holds the body of an answer: it may hold tokens.
    """

    def __init__(self, failure: Failure, detail: str = "", *, outcome_known: bool = True) -> None:
        super().__init__(f"{failure.value} {detail}".strip())
        self.failure = failure
        self.detail = detail
        self.outcome_known = outcome_known


class NotVerifiedError(Exception):
    """A notice does not carry a valid signature of the client whose hook it came to."""


class MalformedNoticeError(Exception):
    """A notice is signed, but says nothing that we understand."""


@dataclass(frozen=True)
class Credentials:
    """An application at a provider (RFC 6749 §2.3)."""

    provider: str
    client_id: str
    client_secret: str


@dataclass(frozen=True)
class TokenSet:
    """One answer of a token endpoint (RFC 6749 §5.1).

    `scopes` is None where the answer names none: then it is as requested, on refresh unchanged.
    `refresh_token` is empty where none came: then the old one stays.
    """

    access_token: str
    refresh_token: str
    access_expires_at: datetime | None
    scopes: list[str] | None
    provider_user_id: str
    consent_id: str = ""
    refresh_expires_at: datetime | None = None


class NoticeKind(Enum):
    REVOKED = "revoked"
    OTHER = "other"


@dataclass(frozen=True)
class NoticeMessage:
    """One fact that a verified notice tells."""

    kind: NoticeKind
    provider_user_id: str
    consent_id: str = ""
    occurred_at: datetime | None = None
