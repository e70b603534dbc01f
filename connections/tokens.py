"""One living token set per grant: kept when it comes, refreshed when it runs out."""

import time
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NoReturn
from uuid import UUID

from django.conf import settings
from django.db import transaction

from connections import (
    attention,
    brake,
    clients,
    grants,
    revocation,
    schedule,
    scopes,
    token_sets,
)
from connections.models import Connection, Grant, HeldEnd, OAuthClient
from connections.providers.answers import Failure, Probe, ProviderError, TokenSet
from connections.states import Attention, Door, End, GrantState, HeldOutcome
from connections.token_sets import StoredSet
from terra_portal import clock, crypto, tenancy

USABLE = (GrantState.UNHELD, GrantState.ACTIVE, GrantState.DOUBTFUL)
FRESH_FOR = timedelta(seconds=60)
LEASE_MARGIN = timedelta(seconds=20)
POLL_SECONDS = 0.05


class TokensUnavailableError(Exception):
    """No usable access token just now; `attention` says why.

    `again_at` is set where nothing failed but the time has not come; `is_retired` where the
    provider answered that it is no more.
    """

    def __init__(
        self, why: Attention, *, again_at: datetime | None = None, is_retired: bool = False
    ) -> None:
        super().__init__(why.label)
        self.attention = why
        self.again_at = again_at
        self.is_retired = is_retired


# Keeping what a consent brought


def keep(client: OAuthClient, answer: TokenSet, granted: list[str]) -> Grant:
    """Stores a consent's token set on its grant, made `unheld` if new. Inside a transaction.

    The answer that arrives last is the current set. One that arrived less than a minute before is
    kept beside it: answers can overtake one another, and only a probe shows which lives.
    """
    grant = _locked_grant(client, answer.provider_user_id)
    now = clock.now()
    token_sets.set_aside(grant, now)
    grant.authorised_at = now
    grant.authorisation_number += 1
    grant.scopes = granted
    grant.consent_id = answer.consent_id
    grant.alternate_id = answer.alternate_id
    token_sets.put(grant, answer, keep_refresh=False)
    grant.doubtful_since = grant.gone_since = None
    grant.unsure_looks = 0
    grant.revoke_due_at = grant.revoke_deadline = None
    held = Connection.objects.active().on(grant).exists()
    grant.state = GrantState.ACTIVE if held else GrantState.UNHELD
    schedule.look_later(grant)
    schedule.order_notices(grant)
    grant.save()
    HeldEnd.objects.filter(grant=grant).settle(HeldOutcome.OUTDATED)
    attention.clear(grant)
    scopes.follow(grant)
    return grant


def _locked_grant(client: OAuthClient, provider_user_id: str) -> Grant:
    grant, _ = Grant.objects.get_or_create(
        oauth_client=client,
        provider_user_id=provider_user_id,
        defaults={"authorised_at": clock.now()},
    )
    return grants.lock(grant.pk)[grant.pk]


# Rivals


def settle(grant_id: UUID) -> None:
    """Finds out which of the sets that arrived together lives, and keeps that one.

    The newest answer wins where it lives; where nothing can be told, all stay for the next look.
    A set whose access token has run out proves nothing by being refused: then the newest is kept,
    but a later refusal of its refresh token will not count as a revocation.
    """
    seen = Grant.objects.select_related("oauth_client").get(pk=grant_id)
    if not seen.has_rivals:
        return
    candidates = token_sets.every_set(seen)
    for candidate in candidates:
        answer = grants.look(seen, candidate)
        if answer == Probe.UNSURE:
            return
        if answer == Probe.ALIVE:
            _choose(seen, candidate)
            return
    guessed = any(token_sets.has_run_out(candidate) for candidate in candidates)
    _choose(seen, token_sets.current(seen), guessed=guessed)


def _choose(seen: Grant, chosen: StoredSet, *, guessed: bool = False) -> None:
    with transaction.atomic():
        grant = grants.lock(seen.pk)[seen.pk]
        if grant.version != seen.version:
            return
        token_sets.choose(grant, chosen)
        if guessed:
            token_sets.doubt_refresh(grant)
        grant.save()
        scopes.follow(grant)


# Refresh


def fresh(grant_id: UUID, *, force: bool = False, states: Collection[GrantState] = USABLE) -> str:
    """An access token that is good for another minute; refreshes at most once for all callers.

    Raises TokensUnavailableError. However many call at once, one of them asks the provider and
    all are served by its answer, even if that is good for less.
    """
    with tenancy.system("token refresh"):
        began = Grant.objects.values_list("version", flat=True).get(pk=grant_id)
        give_up = time.monotonic() + 2 * settings.PROVIDER_DEADLINE_SECONDS + 5
        has_asked = False
        while time.monotonic() < give_up:
            settle(grant_id)
            grant = Grant.objects.select_related("oauth_client").get(pk=grant_id)
            if grant.state not in states:
                raise TokensUnavailableError(Attention.NEEDS_REAUTH)
            is_new = grant.version != began
            # What cannot be refreshed is not forced: that would cost the person a new consent.
            may_stay = is_new or not (force and grant.refresh_token)
            if may_stay and _lasts(grant, timedelta(0) if is_new else FRESH_FOR):
                return grant.access_token
            if has_asked:
                # What came had run out on its way: more of the same would not help.
                break
            if not grant.refresh_token:
                raise _ended_or_needs_reauth(grant)
            _wait_for_client(grant)
            if _take_lease(grant):
                _refresh(grant)
                has_asked = True
            else:
                time.sleep(POLL_SECONDS)
        raise TokensUnavailableError(Attention.PROVIDER_FAILING)


def _wait_for_client(grant: Grant) -> None:
    """Raises where the provider asked for patience, or rejects the client and was just tried."""
    client = grant.oauth_client
    if client.busy_until and client.busy_until > clock.now():
        raise TokensUnavailableError(Attention.PROVIDER_FAILING, again_at=client.busy_until)
    if not clients.may_try(client):
        attention.raise_on(grant.pk, Attention.CLIENT_REJECTED, version=grant.version)
        raise TokensUnavailableError(Attention.CLIENT_REJECTED)


def _lasts(grant: Grant, at_least: timedelta) -> bool:
    expires_at = grant.access_expires_at
    return bool(grant.access_token) and (expires_at is None or expires_at > clock.now() + at_least)


def _take_lease(grant: Grant) -> bool:
    """By compare-and-set; the mark that a refresh was sent is committed with it."""
    now = clock.now()
    lease = uuid.uuid4()
    free = Grant.objects.filter(pk=grant.pk, version=grant.version).exclude(leased_until__gt=now)
    until = now + timedelta(seconds=2 * settings.PROVIDER_DEADLINE_SECONDS) + LEASE_MARGIN
    fingerprint = crypto.sha256(grant.refresh_token)
    taken = free.update(
        lease=lease,
        leased_until=until,
        refresh_sent_at=now,
        refresh_sent_fingerprint=fingerprint,
    )
    grant.lease = lease
    return bool(taken)


def _refresh(grant: Grant) -> None:
    """The one call. `grant` is the row as it was before the lease: it shows an earlier mark."""
    uncertain = token_sets.has_unknown_refresh(grant)
    try:
        answer = grants.provider_of(grant).refresh(grants.held(grant))
    except ProviderError as error:
        clients.heed(grant.oauth_client, error)
        if error.failure == Failure.INVALID_GRANT:
            _refused(grant, error, uncertain=uncertain)
        else:
            _failed(grant, error, uncertain=uncertain)
        return
    clients.accepted(grant.oauth_client)
    _store(grant, answer)


def _store(seen: Grant, answer: TokenSet) -> None:
    """Keeps a refresh's answer; where another set came meanwhile, both, for a probe to decide."""
    with transaction.atomic():
        grant = grants.lock(seen.pk)[seen.pk]
        if grant.state == GrantState.ENDED:
            return
        if grant.version != seen.version:
            token_sets.set_beside(grant, seen, answer, clock.now())
            if grant.lease == seen.lease:
                grant.lease = grant.leased_until = None
            grant.save()
            return
        token_sets.put(grant, answer, keep_refresh=True)
        if answer.scopes is not None:
            grant.scopes = answer.scopes
        grant.lease = grant.leased_until = grant.gone_since = None
        schedule.look_later(grant)
        grant.save()
        HeldEnd.objects.filter(grant=grant).settle(HeldOutcome.RECOVERED)
        attention.clear(grant)
        scopes.follow(grant)


def _failed(grant: Grant, error: ProviderError, *, uncertain: bool) -> NoReturn:
    """Says nothing of the authorisation. The mark stays where the outcome is unknown."""
    free = Grant.objects.filter(pk=grant.pk, lease=grant.lease)
    if error.outcome_known and not uncertain:
        free.update(refresh_sent_at=None, refresh_sent_fingerprint="")
    free.update(lease=None, leased_until=None)
    rejected = error.failure == Failure.INVALID_CLIENT
    why = Attention.CLIENT_REJECTED if rejected else Attention.PROVIDER_FAILING
    attention.raise_on(grant.pk, why, version=grant.version)
    is_retired = grants.says_retired(grant, error)
    if is_retired and grant.gone_since is None:
        _doubt(grant.pk)
    raise TokensUnavailableError(why, is_retired=is_retired)


def _doubt(grant_id: UUID) -> None:
    """One answer may be an accident: probes decide."""
    with transaction.atomic():
        grant = grants.lock(grant_id)[grant_id]
        if grant.state in grants.PROBED:
            grants.doubt(grant)


def _refused(grant: Grant, refusal: ProviderError, *, uncertain: bool) -> None:
    """`invalid_grant`: evidence only if nothing else can explain it."""
    current = Grant.objects.select_related("oauth_client").get(pk=grant.pk)
    if current.version != grant.version:
        _remember_reuse(current, grant)
        return
    if current.has_rivals:
        # The set that lives may be another one: nothing follows until a probe has shown it.
        _failed(current, refusal, uncertain=uncertain)
    past_expiry = bool(grant.refresh_expires_at and grant.refresh_expires_at <= clock.now())
    access = Probe.ALIVE
    if not uncertain and not past_expiry:
        if not _refused_again(current):
            return
        access = _look(current)
    if access == Probe.UNSURE:
        _failed(current, refusal, uncertain=uncertain)
    if access == Probe.DEAD:
        evidence = "The provider refuses the refresh token, twice, and the access token."
        cause = revocation.Cause(End.REVOKED, Door.REFRESH, evidence)
        revocation.fan_out(grant.pk, cause, authorisation_number=current.authorisation_number)
        if brake.is_holding(current):
            _failed(current, refusal, uncertain=False)
    else:
        _needs_reauth(current)
    raise TokensUnavailableError(Attention.NEEDS_REAUTH)


def _remember_reuse(current: Grant, used: Grant) -> None:
    """Another answer came first, so the token that was refused had been used before, by us.

    Some providers end the whole chain at that: the new set may have died of it, by nobody's will.
    """
    same = current.authorisation_number == used.authorisation_number
    if not same or not current.refresh_token:
        return
    unchanged = Grant.objects.filter(pk=current.pk, version=current.version)
    token_sets.doubt_refresh(current)
    unchanged.filter(leased_until=None).update(
        refresh_sent_at=current.refresh_sent_at,
        refresh_sent_fingerprint=current.refresh_sent_fingerprint,
    )


def _refused_again(grant: Grant) -> bool:
    """Seen again, with the token as it stands in the row under our lease; if not, it is stored."""
    try:
        answer = grants.provider_of(grant).refresh(grants.held(grant))
    except ProviderError as error:
        if error.failure == Failure.INVALID_GRANT:
            return True
        _failed(grant, error, uncertain=False)
    else:
        _store(grant, answer)
    return False


def _look(grant: Grant) -> Probe:
    """The access token beside a refused refresh token: one that has run out speaks for neither."""
    expires_at = grant.access_expires_at
    if expires_at is not None and expires_at <= clock.now():
        return Probe.DEAD
    return grants.look(grant)


def _needs_reauth(seen: Grant) -> None:
    """The refresh token is lost, which is not a revocation: the person has to come once more."""
    with transaction.atomic():
        grant = grants.lock(seen.pk)[seen.pk]
        if grant.version != seen.version or grant.state not in USABLE:
            return
        grant.state = GrantState.NEEDS_REAUTH
        grant.next_probe_at = None
        grant.lease = grant.leased_until = None
        grant.save()
    attention.raise_on(seen.pk, Attention.NEEDS_REAUTH, version=seen.version)


def _ended_or_needs_reauth(grant: Grant) -> TokensUnavailableError:
    _needs_reauth(grant)
    return TokensUnavailableError(Attention.NEEDS_REAUTH)
