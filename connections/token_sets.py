"""The token sets in a grant's row: the current one, and rivals until a probe has chosen.

Everything in here changes the row in memory only; the caller holds its lock and saves it.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings

from connections.models import Grant
from connections.providers.answers import TokenSet
from connections.states import GrantState
from terra_portal import clock, crypto


@dataclass(frozen=True)
class StoredSet:
    """A token set as the grant's row keeps it beside the current one."""

    access_token: str
    refresh_token: str
    access_expires_at: str | None
    refresh_expires_at: str | None
    scopes: list[str]
    consent_id: str


def every_set(grant: Grant) -> list[StoredSet]:
    """The current set, then those that may live in its stead, the newest first."""
    return [current(grant), *reversed(rivals(grant))]


def rivals(grant: Grant) -> list[StoredSet]:
    return [StoredSet(**entry) for entry in json.loads(grant.rivals or "[]")]


def current(grant: Grant) -> StoredSet:
    return StoredSet(
        access_token=grant.access_token,
        refresh_token=grant.refresh_token,
        access_expires_at=_text(grant.access_expires_at),
        refresh_expires_at=_text(grant.refresh_expires_at),
        scopes=grant.scopes,
        consent_id=grant.consent_id,
    )


def set_aside(grant: Grant, now: datetime) -> None:
    """Keeps the set that is about to be overtaken, if it is younger than a minute."""
    window = timedelta(seconds=settings.RIVAL_WINDOW_SECONDS)
    recent = now - grant.authorised_at <= window or grant.has_rivals
    if not grant.access_token or grant.state == GrantState.ENDED or not recent:
        grant.rivals, grant.rival_since = "", None
        return
    _add_rival(grant, current(grant), now)


def set_beside(grant: Grant, seen: Grant, answer: TokenSet, now: datetime) -> None:
    """Keeps a refresh's answer that comes after another set has taken its place."""
    late = StoredSet(
        access_token=answer.access_token,
        refresh_token=answer.refresh_token or seen.refresh_token,
        access_expires_at=_text(answer.access_expires_at),
        refresh_expires_at=None,
        scopes=grant.scopes if answer.scopes is None else answer.scopes,
        consent_id=answer.consent_id or seen.consent_id,
    )
    _add_rival(grant, late, now)
    grant.version += 1


def _add_rival(grant: Grant, rival: StoredSet, now: datetime) -> None:
    grant.rivals = json.dumps([asdict(one) for one in [*rivals(grant), rival]])
    grant.rival_since = grant.next_probe_at = now
    grant.doubted = True


def put(grant: Grant, answer: TokenSet, *, keep_refresh: bool) -> None:
    grant.access_token = answer.access_token
    if answer.refresh_token or not keep_refresh:
        grant.refresh_token = answer.refresh_token
        grant.refresh_expires_at = answer.refresh_expires_at
    grant.access_expires_at = answer.access_expires_at
    grant.refresh_sent_at = None
    grant.refresh_sent_fingerprint = ""
    grant.version += 1


def has_unknown_refresh(grant: Grant) -> bool:
    """Whether a refresh with this very token was sent, and nobody knows what came of it.

    It may have replaced both tokens at the provider: what is dead then was not revoked.
    """
    sent = grant.refresh_sent_fingerprint
    return bool(grant.refresh_token) and sent == crypto.sha256(grant.refresh_token)


def doubt_refresh(grant: Grant) -> None:
    """From here on a refusal of the refresh token proves nothing."""
    grant.refresh_sent_at = clock.now()
    grant.refresh_sent_fingerprint = crypto.sha256(grant.refresh_token)


def has_run_out(one: StoredSet) -> bool:
    expires_at = _moment(one.access_expires_at)
    return expires_at is not None and expires_at <= clock.now()


def choose(grant: Grant, chosen: StoredSet) -> None:
    """This set lives; the others are dropped."""
    grant.access_token = chosen.access_token
    grant.refresh_token = chosen.refresh_token
    grant.access_expires_at = _moment(chosen.access_expires_at)
    grant.refresh_expires_at = _moment(chosen.refresh_expires_at)
    grant.scopes, grant.consent_id = chosen.scopes, chosen.consent_id
    grant.rivals, grant.rival_since = "", None
    grant.version += 1


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
