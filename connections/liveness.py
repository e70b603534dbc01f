"""Asks a provider whether an authorisation still lives, and what follows from the answer."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from connections import grants, revocation, schedule, tokens
from connections.models import Grant
from connections.providers.answers import Probe
from connections.revocation import Cause
from connections.states import Door, End, GrantState
from terra_portal import clock, tenancy

EVIDENCE = "The provider refused the access token in two checks, a while apart."


def look(grant: Grant) -> Probe:
    """One probe of the grant as read; changes nothing."""
    if not grant.access_token:
        return Probe.DEAD
    return grants.look(grant)


def probe(grant_id: UUID) -> Probe:
    """Probes a grant and acts: alive clears doubt, two DEAD a set time apart end it.

    A probe with a token that has run out proves nothing, so it is refreshed first; that this works
    is a sign of life too, and enough where nobody doubts.
    """
    with tenancy.system("liveness"):
        before = Grant.objects.values_list("version", flat=True).get(pk=grant_id)
        try:
            tokens.fresh(grant_id)
        except tokens.TokensUnavailableError:
            return _put_off(grant_id)
        grant = Grant.objects.select_related("oauth_client").get(pk=grant_id)
        if grant.version != before and schedule.is_routine(grant):
            return Probe.ALIVE
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
            schedule.look_again(grant)
            grant.save(update_fields=["next_probe_at", "unsure_looks"])
        elif not _seen_dead_before(grant, began):
            grant.state = GrantState.DOUBTFUL
            grant.doubtful_since = grant.doubtful_since or began
            grant.next_probe_at = grant.doubtful_since + spacing()
            grant.doubted = True
            grant.save(update_fields=["state", "doubtful_since", "doubted", "next_probe_at"])
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
    grant.doubted = False
    watched = grant.probes_left > 0
    if watched:
        grant.probes_left -= 1
    schedule.look_later(grant)
    if watched:
        later = timedelta(minutes=1) if grant.probes_left else timedelta(minutes=9)
        grant.doubted = True
        grant.next_probe_at = clock.now() + later
    fields = ["state", "doubtful_since", "doubted", "next_probe_at", "probes_left", "unsure_looks"]
    grant.save(update_fields=fields)


def _put_off(grant_id: UUID) -> Probe:
    """Looked at again in a while; not at all where only the person can help."""
    with transaction.atomic():
        grant = grants.lock(grant_id)[grant_id]
        if grant.state not in tokens.USABLE:
            grant.next_probe_at = None
        elif grant.next_probe_at is not None:
            schedule.look_again(grant)
        grant.save(update_fields=["next_probe_at", "unsure_looks"])
    return Probe.UNSURE
