"""The queue discipline of a grant: who locks it, what holds it, when it falls idle."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from connections import clients, token_sets
from connections.models import ConnectAttempt, Connection, Grant, HeldEnd
from connections.providers import WearableProvider
from connections.providers.answers import Failure, Held, Probe, ProviderError
from connections.states import AttemptState, Door, GrantState, HeldOutcome
from terra_portal import clock

PROBED = (GrantState.ACTIVE, GrantState.DOUBTFUL)
PENDING = (AttemptState.EXCHANGED, AttemptState.CONFIRMING, AttemptState.WAITING)


def provider_of(grant: Grant) -> WearableProvider:
    """The provider's classes with the credentials of the grant's own client."""
    return clients.provider_for(grant.oauth_client)


def held(grant: Grant, one: token_sets.StoredSet | None = None) -> Held:
    """What this grant has to show: its current token set, or `one` of those beside it."""
    tokens = one or token_sets.current(grant)
    return Held(
        tokens.access_token,
        tokens.refresh_token,
        grant.provider_user_id,
        token_sets.has_run_out(tokens),
    )


def look(grant: Grant, one: token_sets.StoredSet | None = None) -> Probe:
    """One probe of the grant as read; whatever does not speak of it is UNSURE."""
    try:
        return ask(grant, one)
    except ProviderError:
        return Probe.UNSURE


def ask(grant: Grant, one: token_sets.StoredSet | None = None) -> Probe:
    """One probe of the grant as read; raises ProviderError where its provider says nothing."""
    try:
        return provider_of(grant).probe(held(grant, one))
    except ProviderError as error:
        clients.heed(grant.oauth_client, error)
        raise


def says_retired(grant: Grant, error: ProviderError) -> bool:
    """Whether this is the announced end of the grant's provider; elsewhere 410 is an outage."""
    return error.failure == Failure.RETIRED and provider_of(grant).is_retired_by_410


def doubt(grant: Grant, *, at: datetime | None = None) -> None:
    """Somebody has a reason to ask whether it lives: look soon. Runs under the grant's lock."""
    due = at or clock.now()
    if not grant.doubted or grant.next_probe_at is None or due < grant.next_probe_at:
        grant.doubted = True
        grant.next_probe_at = due
        grant.save(update_fields=["doubted", "next_probe_at"])


def lock(*grant_ids: UUID) -> dict[UUID, Grant]:
    """These grants, and all that their provider revokes together with them, locked by id.

    Grants come first in the lock order, before connections and destinations.
    """
    family = Grant.objects.filter(_together(Grant.objects.filter(pk__in=grant_ids)))
    ids = set(grant_ids) | set(family.values_list("pk", flat=True))
    rows = Grant.objects.select_for_update(of=("self",)).select_related("oauth_client")
    return {grant.pk: grant for grant in rows.filter(pk__in=ids).order_by("pk")}


def _together(grants: QuerySet[Grant]) -> Q:
    """Grants of the same account under another client of the same revoke group."""
    condition = Q(pk__in=[])
    for grant in grants.select_related("oauth_client"):
        if grant.oauth_client.revoke_group:
            condition |= Q(
                oauth_client__provider=grant.oauth_client.provider,
                oauth_client__simulated=grant.oauth_client.simulated,
                oauth_client__revoke_group=grant.oauth_client.revoke_group,
                provider_user_id=grant.provider_user_id,
            )
    return condition


def is_held(family: Sequence[Grant]) -> bool:
    """Whether a connection, or an attempt past its exchange, still needs one of these grants."""
    return (
        Connection.objects.active().filter(grant__in=family).exists()
        or ConnectAttempt.objects.filter(grant__in=family, state__in=PENDING).exists()
    )


def family_of(grant: Grant, locked: dict[UUID, Grant]) -> list[Grant]:
    """Those of the locked grants that the provider counts as one with `grant`."""
    return [other for other in locked.values() if other.pk == grant.pk or _is_family(grant, other)]


def _is_family(grant: Grant, other: Grant) -> bool:
    """A stand-in and the real maker know nothing of one another."""
    one, two = grant.oauth_client, other.oauth_client
    same = (one.provider, one.revoke_group, one.simulated) == (
        two.provider,
        two.revoke_group,
        two.simulated,
    )
    return bool(one.revoke_group) and same and grant.provider_user_id == other.provider_user_id


def release(grant: Grant, locked: dict[UUID, Grant]) -> bool:
    """Queues the upstream revoke if nothing holds the grant any more; true if it did.

    Runs under the grant's lock, after whatever held it has let go.
    """
    family = family_of(grant, locked)
    if grant.state == GrantState.ENDED or is_held(family):
        return False
    now = clock.now()
    # One request ends the whole family; the others are erased with it.
    grant.state = GrantState.REVOKING
    grant.revoke_due_at = now
    grant.revoke_deadline = now + timedelta(hours=settings.REVOKE_RETRY_HOURS)
    grant.revoke_attempts = 0
    grant.next_probe_at = None
    grant.save(
        update_fields=[
            "state",
            "revoke_due_at",
            "revoke_deadline",
            "revoke_attempts",
            "next_probe_at",
        ]
    )
    return True


def end(grant: Grant, *, by: Door | None = None) -> None:
    """The authorisation is over: tokens are erased, nothing stays scheduled.

    `by` says how we knew, where the provider ended it.
    """
    grant.state = GrantState.ENDED
    if by is not None:
        grant.ended_at, grant.ended_by = clock.now(), by
    grant.access_token = grant.refresh_token = grant.rivals = ""
    grant.rival_since = grant.next_probe_at = None
    grant.doubtful_since = grant.gone_since = None
    grant.doubted = False
    grant.subscribe_due_at = None
    grant.revoke_due_at = grant.revoke_deadline = None
    grant.lease = grant.leased_until = grant.refresh_sent_at = None
    grant.refresh_sent_fingerprint = ""
    grant.version += 1
    grant.save()
    HeldEnd.objects.filter(grant=grant).settle(HeldOutcome.OUTDATED)
