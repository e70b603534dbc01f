"""What a provider can answer, in words that do not depend on the provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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

    The text never holds the body of an answer: it may hold tokens. `retry_after` is how long the
    provider asked to be left alone (RFC 9110 §10.2.3).
    """

    def __init__(
        self,
        failure: Failure,
        detail: str = "",
        *,
        outcome_known: bool = True,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{failure.value} {detail}".strip())
        self.failure = failure
        self.detail = detail
        self.outcome_known = outcome_known
        self.retry_after = retry_after


class NotVerifiedError(Exception):
    """A notice does not carry a valid signature of the client whose hook it came to.

    `status` is what to answer, where that is not what the provider's other notices are refused
    with.
    """

    def __init__(self, why: str, *, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


class MalformedNoticeError(Exception):
    """A notice is signed, but says nothing that we understand."""


@dataclass(frozen=True)
class Credentials:
    """An application at a provider (RFC 6749 §2.3), and what its notices are known by.

    `notice_secret` is empty where the client secret signs notices; `notice_url` is where they come
    in. A `simulated` application speaks to stand-ins only.
    """

    provider: str
    client_id: str
    client_secret: str
    notice_secret: str = ""
    notice_url: str = ""
    subscription_id: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class Held:
    """What a grant has to show at the provider; `has_run_out` speaks of the access token."""

    access_token: str
    refresh_token: str
    provider_user_id: str
    has_run_out: bool = False


@dataclass(frozen=True)
class TokenSet:
    """One answer of a token endpoint (RFC 6749 §5.1).

    `scopes` is None where the answer names none: then it is as requested, on refresh unchanged.
    `refresh_token` is empty where none came: then the old one stays. `provider_user_id` is empty on
    a refresh whose answer names nobody.
    """

    access_token: str
    refresh_token: str
    access_expires_at: datetime | None
    scopes: list[str] | None
    provider_user_id: str
    alternate_id: str = ""
    consent_id: str = ""
    refresh_expires_at: datetime | None = None


class NoticeKind(Enum):
    """What a notice is worth.

    `REVOKED` is verified and names an end. `DOUBT` is not proof by itself: it asks for a probe.
    `SCOPES` says that the person changed what may be read.
    """

    REVOKED = "revoked"
    DOUBT = "doubt"
    SCOPES = "scopes"
    OTHER = "other"


@dataclass(frozen=True)
class NoticeMessage:
    """One fact that a notice tells. The account is named by its id, or by its other one."""

    kind: NoticeKind
    provider_user_id: str = ""
    alternate_id: str = ""
    consent_id: str = ""
    authorisation_number: int | None = None
    occurred_at: datetime | None = None


@dataclass(frozen=True)
class Knock:
    """A request at a client's hook, as it came."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """What to answer to a knock, and the facts that it told."""

    messages: Sequence[NoticeMessage] = field(default=())
    status: int = 204
    content: str = ""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Subscription:
    """An application's standing order of notices; `secret` signs them where it is not empty."""

    id: str
    secret: str = ""
