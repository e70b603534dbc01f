"""Security Event Tokens of Google's, as tests let them arrive."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connections.providers import WearableProvider
from connections.providers.answers import Knock, NotVerifiedError, Reply
from connections.providers.google_notices import OAUTH
from tests.connections.providers.google_signer import CLIENT_ID, Signer

SET = "application/secevent+jwt"
IAT = 1_700_000_000
THEN = datetime.fromtimestamp(IAT, UTC)


def events(name: str = f"{OAUTH}/tokens-revoked", **subject: Any) -> dict[str, Any]:
    who = {"subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": "sub-1"}
    return {name: {"subject": {**who, **subject}}}


def claims(**more: Any) -> dict[str, Any]:
    usual = {"iss": "https://accounts.google.com/", "aud": CLIENT_ID, "iat": IAT, "jti": "j1"}
    return {**usual, "events": events(), **more}


def knock(token: bytes, content_type: str = SET) -> Knock:
    return Knock("POST", {"Content-Type": content_type}, {}, token)


def hear(google: WearableProvider, signer: Signer, **more: Any) -> Reply:
    return google.hear(knock(signer.event_token(claims(**more))))


def refused(google: WearableProvider, knock: Knock) -> int | None:
    """The status that is asked for; None for the usual one."""
    with pytest.raises(NotVerifiedError) as raised:
        google.hear(knock)
    return raised.value.status
