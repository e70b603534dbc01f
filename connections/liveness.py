"""Asks a provider whether an authorisation still lives, and what follows from the answer."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from connections import attention, brake, grants, revocation, schedule, token_sets, tokens
from connections.models import Grant, HeldEnd
from connections.providers.answers import Probe, ProviderError
from connections.revocation import Cause
from connections.states import Attention, Door, End, GrantState, HeldOutcome
from terra_portal import clock, tenancy

# So many looks in a row that tell nothing, a quarter of an hour in all, are told to companies.
UNSURE_LOOKS = 5
EVIDENCE = "The provider refused the access token in two checks, a while apart."
GONE = "The provider has ended this service: it said so in two checks, a while apart."


def look(grant: Grant) -> Probe:
    """One probe of the grant as read; changes nothing."""
    if not grant.access_token:
        return Probe.DEAD
    return grants.look(grant)


def probe(grant_id: UUID) -> Probe:
    """Probes a grant and acts: alive clears doubt, two DEAD a set time apart end it.

    A probe with a token that has run out proves nothing, so it is refreshed first; that this works
    is a sign of life too, and enough where nobody doubts. A provider that has announced its end and
    answers 410 twice, as far apart, is retired.
    """
    with tenancy.system("liveness"):
        before = Grant.objects.values_list("version", flat=True).get(pk=grant_id)
        is_gone = False
        try:
            tokens.fresh(grant_id)
        except tokens.TokensUnavailableError as error:
            if not error.is_retired:
                return _put_off(grant_id, error.again_at)
            is_gone = True
        grant = Grant.objects.select_related("oauth_client").get(pk=grant_id)
        if grant.version != before and schedule.is_routine(grant):
            return Probe.ALIVE
        began = clock.now()
        answer = Probe.UNSURE
        if not is_gone:
            answer, is_gone = _ask(grant)
        return _conclude(grant, answer, began, is_gone=is_gone)


def _ask(grant: Grant) -> tuple[Probe, bool]:
    """What a look shows, and whether it is that the provider is no more."""
    if not grant.access_token:
        return Probe.DEAD, False
    try:
        return grants.ask(grant), False
    except ProviderError as error:
        return Probe.UNSURE, grants.says_retired(grant, error)


def _conclude(seen: Grant, answer: Probe, began: datetime, *, is_gone: bool = False) -> Probe:
    with transaction.atomic():
        grant = grants.lock(seen.pk)[seen.pk]
        if grant.version != seen.version:
            return Probe.UNSURE
        if grant.state not in grants.PROBED:
            grant.next_probe_at = None
            grant.save(update_fields=["next_probe_at"])
            return Probe.UNSURE
        if is_gone:
            _gone(grant, began)
        elif answer == Probe.ALIVE:
            _alive(grant)
        elif answer == Probe.UNSURE or grant.has_rivals:
            # One of several sets: the one that lives may be another.
            _unsure(grant)
        elif token_sets.has_unknown_refresh(grant):
            _run_out(grant)
        else:
            _dead(grant, began)
    return answer


def spacing() -> timedelta:
    return timedelta(seconds=settings.PROBE_SPACING_S)


def _is_second(since: datetime | None, began: datetime) -> bool:
    """Whether the same was seen before, long enough ago to count as another look."""
    return since is not None and began - since >= spacing()


def _run_out(grant: Grant) -> None:
    """The token may have died of a refresh of ours whose answer was lost, and nobody revoked it.

    It is spent either way; the next look refreshes first, and learns more by that.
    """
    grant.access_expires_at = clock.now()
    schedule.look_again(grant)
    grant.save(update_fields=["access_expires_at", "unsure_looks", "next_probe_at"])


def _dead(grant: Grant, began: datetime) -> None:
    if _is_second(grant.doubtful_since, began):
        cause = Cause(End.REVOKED, Door.LIVENESS, EVIDENCE)
        revocation.fan_out(grant.pk, cause, authorisation_number=grant.authorisation_number)
        return
    # Who refuses a token is there.
    grant.gone_since = None
    grant.state = GrantState.DOUBTFUL
    grant.doubtful_since = grant.doubtful_since or began
    _look_in_a_moment(grant, grant.doubtful_since)


def _gone(grant: Grant, began: datetime) -> None:
    """410 Gone where that is the provider's announced end: nobody has revoked anything."""
    if _is_second(grant.gone_since, began):
        cause = Cause(End.PROVIDER_RETIRED, Door.LIVENESS, GONE)
        revocation.fan_out(grant.pk, cause, authorisation_number=grant.authorisation_number)
        return
    grant.state = GrantState.DOUBTFUL
    grant.gone_since = grant.gone_since or began
    _look_in_a_moment(grant, grant.gone_since)


def _look_in_a_moment(grant: Grant, since: datetime) -> None:
    """The second look decides: before those whose day has merely come."""
    grant.next_probe_at = since + spacing()
    grant.doubted = True
    grant.save(update_fields=["state", "doubtful_since", "gone_since", "doubted", "next_probe_at"])


def _unsure(grant: Grant) -> None:
    """The provider says nothing of it; companies are told when it stays like that."""
    _look_later(grant)
    if grant.unsure_looks >= UNSURE_LOOKS:
        attention.mark(grant, Attention.PROVIDER_FAILING)


def _look_later(grant: Grant) -> None:
    """Less and less often, for as long as nothing can be learnt."""
    schedule.look_again(grant)
    if brake.is_holding(grant):
        grant.next_probe_at = clock.now() + brake.LOOK_AGAIN
    grant.save(update_fields=["unsure_looks", "next_probe_at"])


def _alive(grant: Grant) -> None:
    HeldEnd.objects.filter(grant=grant).settle(HeldOutcome.RECOVERED)
    attention.clear(grant)
    grant.state = GrantState.ACTIVE
    grant.doubtful_since = grant.gone_since = None
    grant.doubted = False
    watched = grant.probes_left > 0
    if watched:
        grant.probes_left -= 1
    schedule.look_later(grant)
    if watched:
        later = timedelta(minutes=1) if grant.probes_left else timedelta(minutes=9)
        grant.doubted = True
        grant.next_probe_at = clock.now() + later
    grant.save(
        update_fields=[
            *("state", "doubtful_since", "gone_since", "unsure_looks"),
            *("doubted", "next_probe_at", "probes_left"),
        ]
    )


def _put_off(grant_id: UUID, until: datetime | None) -> Probe:
    """No token to look with: again `until` then, or in a while.

    Not at all where only the person can help, or where nobody has asked for a look.
    """
    with transaction.atomic():
        grant = grants.lock(grant_id)[grant_id]
        if grant.next_probe_at is None:
            return Probe.UNSURE
        if grant.state in tokens.USABLE and until is None:
            _look_later(grant)
            return Probe.UNSURE
        grant.next_probe_at = until if grant.state in tokens.USABLE else None
        grant.save(update_fields=["next_probe_at"])
    return Probe.UNSURE
