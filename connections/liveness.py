"""Asks a provider whether an authorisation still lives, and what follows from the answer."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from connections import grants, revocation, tokens
from connections.models import Grant
from connections.providers.answers import Probe
from connections.revocation import Cause
from connections.states import Door, End, GrantState
from terra_portal import clock, tenancy

UNSURE_AGAIN = timedelta(seconds=60)
EVIDENCE = "The provider refused the access token in two checks, a while apart."


def look(grant: Grant) -> Probe:
    """One probe of the grant as read; changes nothing."""
    if not grant.access_token:
        return Probe.DEAD
    return grants.look(grant)


def probe(grant_id: UUID) -> Probe:
    """Probes a grant and acts: alive clears doubt, two DEAD a set time apart end it.

    A probe with a token that has run out proves nothing, so it is refreshed first.
    """
    with tenancy.system("liveness"):
        try:
            tokens.fresh(grant_id)
        except tokens.TokensUnavailableError:
            return _put_off(grant_id)
        grant = Grant.objects.select_related("oauth_client").get(pk=grant_id)
        began = clock.now()
        answer = look(grant)
        return _conclude(grant, answer, began)


def _conclude(seen: Grant, answer: Probe, began: datetime) -> Probe:
    with transaction.atomic():
        grant = grants.lock(seen.pk)[seen.pk]
        if grant.version != seen.version:
            return Probe.UNSURE
        if grant.state not in grants.PROBED:
            grant.next_probe_at = None
            grant.save(update_fields=["next_probe_at"])
            return Probe.UNSURE
        if answer == Probe.ALIVE:
            _alive(grant)
        elif answer == Probe.UNSURE:
            grant.next_probe_at = clock.now() + UNSURE_AGAIN
            grant.save(update_fields=["next_probe_at"])
        elif not _seen_dead_before(grant, began):
            grant.state = GrantState.DOUBTFUL
            grant.doubtful_since = grant.doubtful_since or began
            grant.next_probe_at = grant.doubtful_since + spacing()
            grant.save(update_fields=["state", "doubtful_since", "next_probe_at"])
        else:
            cause = Cause(End.REVOKED, Door.LIVENESS, EVIDENCE)
            revocation.fan_out(grant.pk, cause, authorisation_number=grant.authorisation_number)
    return answer


def spacing() -> timedelta:
    return timedelta(seconds=settings.PROBE_SPACING_S)


def _seen_dead_before(grant: Grant, began: datetime) -> bool:
    return grant.doubtful_since is not None and began - grant.doubtful_since >= spacing()


def _alive(grant: Grant) -> None:
    grant.state = GrantState.ACTIVE
    grant.doubtful_since = None
    grant.next_probe_at = None
    grant.doubted = False
    if grant.probes_left:
        grant.probes_left -= 1
        later = timedelta(minutes=1) if grant.probes_left else timedelta(minutes=9)
        grant.next_probe_at = clock.now() + later
    grant.save(update_fields=["state", "doubtful_since", "doubted", "next_probe_at", "probes_left"])


def _put_off(grant_id: UUID) -> Probe:
    """Looked at again in a while; not at all where only the person can help."""
    asked = Grant.objects.filter(pk=grant_id, next_probe_at__isnull=False)
    asked.exclude(state__in=tokens.USABLE).update(next_probe_at=None)
    asked.filter(state__in=tokens.USABLE).update(next_probe_at=clock.now() + UNSURE_AGAIN)
    return Probe.UNSURE
