"""Asks the provider to revoke, when nothing here needs the authorisation any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from connections import clients, grants, token_sets, tokens
from connections.models import Grant, UpstreamRevoke
from connections.providers.answers import Failure, ProviderError
from connections.states import GrantState, RevokeOutcome
from terra_portal import clock, tenancy
from terra_portal.celery import nudge

RETIRED = "410: the provider has ended its service, and nothing is left to revoke"
RETRY_SECONDS = (30, 120, 600, 1800, 3600)
AFTER_REFRESH = timedelta(seconds=2)
# Longer than the call's own total deadline, so that a live call is never taken for a dead one.
MARGIN = timedelta(seconds=20)


@dataclass(frozen=True)
class Claim:
    """What one try is about. A consent that comes meanwhile belongs to another number."""

    grant: Grant
    authorisation_number: int
    started_at: datetime


def revoke(grant_id: UUID) -> RevokeOutcome | None:
    """One try of the counted revoke; None if there was nothing to do.

    Begins anew each time: a connection or an attempt past its exchange cancels it.
    """
    with tenancy.system("counted revoke"):
        # Of sets that overtook one another only the living one is worth asking for.
        tokens.settle(grant_id)
        _freshen(grant_id)
        claim = _claim(grant_id)
        if claim is None:
            return None
        outcome, detail = _call(claim.grant)
        return _record(claim, outcome, detail)


def _freshen(grant_id: UUID) -> None:
    """Some providers are asked with the access token, which may have run out long ago."""
    grant = Grant.objects.select_related("oauth_client").get(pk=grant_id)
    due = grant.state == GrantState.REVOKING and grant.revoke_due_at is not None
    if due and grant.refresh_token and grants.provider_of(grant).revokes_with_access_token:
        try:
            tokens.fresh(grant_id, states=[GrantState.REVOKING])
        except tokens.TokensUnavailableError:
            # The call with what there is tells how it stands.
            return


def _claim(grant_id: UUID) -> Claim | None:
    now = clock.now()
    with transaction.atomic():
        locked = grants.lock(grant_id)
        grant = locked.get(grant_id)
        if grant is None or grant.state != GrantState.REVOKING or grant.revoke_due_at is None:
            return None
        if grant.revoking_until and grant.revoking_until > now:
            return None
        if grants.is_held(grants.family_of(grant, locked)):
            return None
        if grant.leased_until and grant.leased_until > now:
            # A refresh is on its way: a revoke with the token that it replaces would reach nothing.
            grant.revoke_due_at = now + AFTER_REFRESH
            grant.save(update_fields=["revoke_due_at"])
            return None
        # One call for each set that may live, each with its own total deadline.
        calls = len(token_sets.every_set(grant))
        grant.revoking_until = now + calls * deadline() + MARGIN
        grant.revoke_attempts += 1
        grant.save(update_fields=["revoking_until", "revoke_attempts"])
    return Claim(grant, grant.authorisation_number, now)


def deadline() -> timedelta:
    return timedelta(seconds=settings.PROVIDER_DEADLINE_SECONDS)


def _call(grant: Grant) -> tuple[RevokeOutcome, str]:
    provider = grants.provider_of(grant)
    try:
        # Where no probe could show which set lives, the one that does may be any of them.
        for one in token_sets.every_set(grant):
            provider.revoke(grants.held(grant, one))
    except ProviderError as error:
        clients.heed(grant.oauth_client, error)
        if grants.says_retired(grant, error):
            return RevokeOutcome.GIVEN_UP, RETIRED
        if error.failure in {Failure.UNAVAILABLE, Failure.UNUSABLE} and not error.outcome_known:
            return RevokeOutcome.UNKNOWN, error.detail
        return RevokeOutcome.REFUSED, str(error)[:200]
    return RevokeOutcome.CONFIRMED, ""


def _record(claim: Claim, outcome: RevokeOutcome, detail: str) -> RevokeOutcome:
    """Stores what came of the call; tokens go when it is confirmed or given up."""
    now = clock.now()
    with transaction.atomic():
        locked = grants.lock(claim.grant.pk)
        grant = locked[claim.grant.pk]
        given_up = outcome != RevokeOutcome.CONFIRMED and (
            grant.revoke_deadline is None or now >= grant.revoke_deadline
        )
        if given_up:
            outcome = RevokeOutcome.GIVEN_UP
        UpstreamRevoke.objects.create(
            grant=grant,
            authorisation_number=claim.authorisation_number,
            started_at=claim.started_at,
            ended_at=now,
            outcome=outcome,
            detail=detail[:200],
        )
        grant.revoking_until = None
        grant.last_revoke_ended_at = now
        same = grant.authorisation_number == claim.authorisation_number
        if same and grant.state == GrantState.REVOKING:
            if outcome in {RevokeOutcome.CONFIRMED, RevokeOutcome.GIVEN_UP}:
                for member in grants.family_of(grant, locked):
                    if member.pk == grant.pk:
                        grants.end(grant)
                    elif member.state != GrantState.ENDED:
                        grants.end(member)
            else:
                tries = min(grant.revoke_attempts, len(RETRY_SECONDS)) - 1
                grant.revoke_due_at = now + timedelta(seconds=RETRY_SECONDS[max(tries, 0)])
        grant.save()
        nudge("connections.resume_attempts", str(grant.pk))
    return outcome
