"""One attempt to connect: begun by a click, completed once, in the browser that began it."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare

from connections import clients, grants, tokens
from connections.finish import fail, finish
from connections.models import ConnectAttempt, ConnectSession
from connections.providers import REGISTRY
from connections.providers.answers import Failure, ProviderError, TokenSet
from connections.states import AttemptState, CancelReason
from terra_portal import clock, crypto, tenancy
from terra_portal.celery import nudge

logger = logging.getLogger(__name__)

COOKIE = "portal_attempt_"
MAX_COOKIES = 20


class CannotBeginError(Exception):
    """Nothing can begin on this link; `reason` says why, in words for the person."""

    def __init__(self, reason: CancelReason) -> None:
        super().__init__(reason.label)
        self.reason = reason


@dataclass(frozen=True)
class Begun:
    attempt: ConnectAttempt
    authorize_url: str
    cookie_name: str
    cookie_value: str


@dataclass(frozen=True)
class Landing:
    """Where a person stands: connected, failed, confirm, waiting, again, or unknown.

    `unknown` has no attempt: it tells nothing to a copy that lacks the cookie.
    """

    step: str
    attempt: ConnectAttempt | None = None
    confirm_token: str = ""


UNKNOWN = Landing("unknown")


def begin(session: ConnectSession, provider: str, *, in_browser: bool = True) -> Begun:
    """One click on a provider: reserves the `user_id`, pins the client, keeps state and PKCE.

    One that no browser began has no cookie: whoever comes back from the provider is asked to
    confirm. Raises CannotBeginError.
    """
    now = clock.now()
    with tenancy.environment(session.environment_id):
        closed = session.closed_because(now)
        if closed is not None:
            raise CannotBeginError(closed)
        name = provider.upper()
        names = session.providers or [name]
        offers = clients.offered(session.environment, [name]) if name in names else []
        if not offers:
            raise CannotBeginError(CancelReason.PROVIDER_UNAVAILABLE)
        browser = crypto.random_token() if in_browser else ""
        return _start(session, offers[0], browser, now)


def _start(session: ConnectSession, offer: clients.Offer, browser: str, now: datetime) -> Begun:
    state = crypto.random_token()
    client = offer.oauth_client
    provider = clients.provider_for(client)
    authorize_url, verifier = provider.authorize_url(state, offer.scopes)
    attempt = ConnectAttempt.objects.create(
        session=session,
        environment_id=session.environment_id,
        provider=offer.provider,
        oauth_client=client,
        state_hash=crypto.sha256(state),
        browser_hash=crypto.sha256(browser) if browser else "",
        code_verifier=verifier,
        requested_scopes=provider.ask_for(offer.scopes),
        required_scopes=offer.required_scopes,
        created_at=now,
        expires_at=now + timedelta(seconds=settings.CONNECT_ATTEMPT_SECONDS),
    )
    return Begun(attempt, authorize_url, cookie_name(attempt), browser)


def cookie_name(attempt: ConnectAttempt) -> str:
    """One cookie per attempt, so that parallel tabs do not overwrite one another's."""
    return COOKIE + attempt.pk.hex[:12]


def cookies_to_drop(cookies: Mapping[str, str]) -> list[str]:
    """The attempt cookies beyond what one more leaves room for; browsers send the oldest first."""
    ours = [name for name in cookies if name.startswith(COOKIE)]
    return ours[: max(len(ours) - MAX_COOKIES + 1, 0)]


def complete(
    provider: str,
    *,
    state: str,
    code: str,
    error: str,
    cookies: Mapping[str, str],
    scope: str = "",
) -> Landing:
    """The provider sent the browser back. Single use; repeats tell the first outcome.

    `scope` is what some providers name as granted beside the code. Never raises for anything that a
    browser or a provider can send.
    """
    with tenancy.system("whose attempt this is"):
        attempt = _find(provider, state)
        if attempt is None:
            return UNKNOWN
        same_browser = _same_browser(attempt, cookies)
        if not _claim(attempt):
            return _repeat(attempt) if same_browser else UNKNOWN
        if error or not code:
            denied = error == "access_denied"
            reason = CancelReason.ACCESS_DENIED if denied else CancelReason.PROVIDER_ERROR
            return landing(fail(attempt.pk, reason))
        return _exchange(attempt, code, scope, same_browser=same_browser)


def _find(provider: str, state: str) -> ConnectAttempt | None:
    rows = ConnectAttempt.objects.select_related("session__environment__company", "oauth_client")
    attempt = rows.filter(state_hash=crypto.sha256(state)).first() if state else None
    known = {name: cls.id for name, cls in REGISTRY.items()}
    if attempt is None or known.get(attempt.provider) != provider.lower():
        return None
    return attempt


def _same_browser(attempt: ConnectAttempt, cookies: Mapping[str, str]) -> bool:
    cookie = cookies.get(cookie_name(attempt), "")
    return constant_time_compare(crypto.sha256(cookie), attempt.browser_hash)


def _claim(attempt: ConnectAttempt) -> bool:
    """Single use, by one conditional update."""
    now = clock.now()
    unused = ConnectAttempt.objects.filter(
        pk=attempt.pk, state=AttemptState.STARTED, claimed_at=None, expires_at__gt=now
    )
    claimed = bool(unused.update(claimed_at=now))
    if claimed:
        attempt.claimed_at = now
    return claimed


def _repeat(attempt: ConnectAttempt) -> Landing:
    """The browser that began it came back, perhaps while the first copy is still at work."""
    attempt.refresh_from_db()
    expired = attempt.expires_at <= clock.now()
    if attempt.state == AttemptState.STARTED and attempt.claimed_at is None and expired:
        return landing(fail(attempt.pk, CancelReason.ATTEMPT_EXPIRED))
    if attempt.state == AttemptState.CONFIRMING:
        # The right browser is here: the question that a copy was asked is void.
        asked = ConnectAttempt.objects.filter(pk=attempt.pk, state=AttemptState.CONFIRMING)
        asked.update(confirm_hash="")
    if attempt.state in grants.PENDING:
        return advance(attempt.pk)
    return landing(attempt)


def _exchange(attempt: ConnectAttempt, code: str, scope: str, *, same_browser: bool) -> Landing:
    provider = clients.provider_for(attempt.oauth_client)
    try:
        answer = provider.exchange(code, attempt.code_verifier, told_scope=scope)
    except ProviderError as error:
        clients.heed(attempt.oauth_client, error)
        logger.info("attempt %s: %s", attempt.pk, error)
        return landing(fail(attempt.pk, _reason(error)))
    except Exception as error:
        # The attempt is spent, so the person must land somewhere whatever went wrong.
        logger.exception("attempt %s: unforeseen %s", attempt.pk, type(error).__name__)
        return landing(fail(attempt.pk, CancelReason.PROVIDER_ERROR))
    clients.accepted(attempt.oauth_client)
    confirm_token = "" if same_browser else crypto.random_token()
    _keep(attempt, answer, confirm_token)
    attempt.refresh_from_db()
    if attempt.state == AttemptState.CONFIRMING:
        return Landing("confirm", attempt, confirm_token)
    if not same_browser:
        return UNKNOWN
    return advance(attempt.pk)


def _reason(error: ProviderError) -> CancelReason:
    return {
        Failure.UNAVAILABLE: CancelReason.PROVIDER_UNAVAILABLE,
        Failure.RETIRED: CancelReason.PROVIDER_RETIRED,
    }.get(error.failure, CancelReason.PROVIDER_ERROR)


def _keep(attempt: ConnectAttempt, answer: TokenSet, confirm_token: str) -> None:
    """One transaction: the token set into the grant, the attempt past its exchange."""
    scopes = attempt.requested_scopes if answer.scopes is None else answer.scopes
    for last_try in (False, True):
        try:
            with transaction.atomic():
                grant = tokens.keep(attempt.oauth_client, answer, scopes)
                now = clock.now()
                mine = ConnectAttempt.objects.filter(pk=attempt.pk, state=AttemptState.STARTED)
                kept = mine.update(
                    state=AttemptState.CONFIRMING if confirm_token else AttemptState.EXCHANGED,
                    grant=grant,
                    scopes=scopes,
                    exchanged_at=now,
                    expires_at=now + timedelta(seconds=settings.CONFIRM_SECONDS),
                    confirm_hash=crypto.sha256(confirm_token) if confirm_token else "",
                )
                if not kept and grants.release(grant, grants.lock(grant.pk)):
                    # Its time ran out during the call: what it brought is given back.
                    nudge("connections.revoke_upstream", str(grant.pk))
            return
        except IntegrityError:
            # Two first consents of one account: the other made the grant meanwhile.
            if last_try:
                raise


def advance(attempt_id: UUID) -> Landing:
    """Takes an attempt past its exchange as far as it can go now.

    Where an upstream revoke overlapped with it, the tokens are probed after that has ended: alive
    goes on, dead asks the person to authorise once more, unsure waits.
    """
    return landing(finish(attempt_id))


def confirm(attempt_id: UUID, *, token: str) -> Landing:
    """The person pressed the button that names the company."""
    with tenancy.system("whose attempt this is"):
        attempt = _awaiting(attempt_id, token)
        return UNKNOWN if attempt is None else _answered(attempt, yes=True)


def decline(attempt_id: UUID, *, token: str) -> Landing:
    """Not theirs, or not wanted: nothing is connected, and the tokens are given back."""
    with tenancy.system("whose attempt this is"):
        attempt = _awaiting(attempt_id, token)
        return UNKNOWN if attempt is None else _answered(attempt, yes=False)


def _answered(attempt: ConnectAttempt, *, yes: bool) -> Landing:
    if attempt.state != AttemptState.CONFIRMING:
        return landing(attempt)
    return advance(attempt.pk) if yes else landing(fail(attempt.pk, CancelReason.NOT_CONFIRMED))


def _awaiting(attempt_id: UUID, token: str) -> ConnectAttempt | None:
    rows = ConnectAttempt.objects.select_related("session__environment__company")
    attempt = rows.filter(pk=attempt_id).exclude(confirm_hash="").first()
    given = crypto.sha256(token)
    if attempt is None or not hmac.compare_digest(attempt.confirm_hash, given):
        return None
    return attempt


def resume(attempt_id: UUID, *, cookies: Mapping[str, str]) -> Landing:
    """The finishing page asks how far it is; only for the browser that began the attempt."""
    with tenancy.system("whose attempt this is"):
        rows = ConnectAttempt.objects.select_related("session__environment__company")
        attempt = rows.filter(pk=attempt_id).first()
        if attempt is None or not _same_browser(attempt, cookies):
            return UNKNOWN
        return _repeat(attempt)


def landing(attempt: ConnectAttempt) -> Landing:
    """What an attempt's state means to the person."""
    if attempt.state == AttemptState.CONNECTED:
        return Landing("connected", attempt)
    if attempt.state == AttemptState.FAILED:
        return Landing("again" if attempt.ask_again else "failed", attempt)
    return Landing("waiting", attempt)
