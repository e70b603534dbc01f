"""What the staff decide of held ends, and the work that follows: rows are its queue."""

from uuid import UUID

from django.db import transaction

from connections import brake, grants, revocation
from connections.models import Grant, HeldEnd, Incident
from connections.revocation import Cause
from connections.states import Door, End, GrantState, HeldOutcome, IncidentState
from developers.models import User
from terra_portal import clock, tenancy
from terra_portal.celery import nudge

BATCH = 200


def release(incident_id: UUID, *, by: User) -> bool:
    """The ends were right: each happens now, once. False where somebody has decided before."""
    return _decide(incident_id, IncidentState.RELEASED, by)


def discard(incident_id: UUID, *, by: User) -> bool:
    """The ends were wrong: nobody is ended, and doubt is cleared. False as in `release`."""
    return _decide(incident_id, IncidentState.DISCARDED, by)


def _decide(incident_id: UUID, state: IncidentState, by: User) -> bool:
    with tenancy.system("deciding on an incident"), transaction.atomic():
        incident = Incident.objects.get(pk=incident_id)
        # Whoever holds an end has this lock: none is added after the decision.
        brake.lock(incident.oauth_client_id)
        mine = Incident.objects.filter(pk=incident_id, state=IncidentState.OPEN)
        decided = mine.update(state=state, decided_by=by, decided_at=clock.now())
        if decided:
            nudge("connections.carry_out", str(incident_id))
    return bool(decided)


def carry_out(incident_id: UUID) -> int:
    """Does one batch of what was decided; how many ends are left.

    May run twice or twice at once, and stop anywhere: each end is settled in a transaction of its
    own, and whoever finds it settled leaves it.
    """
    with tenancy.system("carrying out a decision"):
        incident = Incident.objects.get(pk=incident_id)
        if incident.state == IncidentState.OPEN or incident.settled_at:
            return 0
        waiting = HeldEnd.objects.filter(incident=incident).waiting()
        for held in waiting.order_by("held_at")[:BATCH]:
            _settle(held, IncidentState(incident.state))
        left = waiting.count()
        if left:
            nudge("connections.carry_out", str(incident_id))
        else:
            unsettled = Incident.objects.filter(pk=incident_id, settled_at=None)
            unsettled.update(settled_at=clock.now())
        return left


def _settle(held: HeldEnd, decision: IncidentState) -> None:
    with transaction.atomic():
        grant = grants.lock(held.grant_id)[held.grant_id]
        mine = HeldEnd.objects.filter(pk=held.pk)
        if not revocation.can_end(grant, held.authorisation_number):
            mine.settle(HeldOutcome.OUTDATED)
        elif decision == IncidentState.DISCARDED:
            if mine.settle(HeldOutcome.DISCARDED):
                _trust(grant)
        elif mine.settle(HeldOutcome.ENDED):
            _end(held)


def _end(held: HeldEnd) -> None:
    """As it would have been; only the brake counts it as the staff's."""
    cause = Cause(End(held.kind), Door(held.door), held.evidence, occurred_at=held.held_at)
    revocation.fan_out(
        held.grant_id,
        cause,
        authorisation_number=held.authorisation_number,
        counted_as=Door.STAFF,
    )


def _trust(grant: Grant) -> None:
    """Doubt begins anew, if there is any at the next look."""
    if grant.state == GrantState.DOUBTFUL:
        grant.state = GrantState.ACTIVE
    grant.doubtful_since = grant.gone_since = None
    grant.doubted = False
    grant.save(update_fields=["state", "doubtful_since", "gone_since", "doubted"])


def sweep() -> int:
    """Goes on where a nudge was lost or a worker was killed; how many incidents it found."""
    undone = Incident.objects.exclude(state=IncidentState.OPEN).filter(settled_at=None)
    with tenancy.system("sweeping incidents"):
        ids = list(undone.values_list("pk", flat=True))
        for incident_id in ids:
            carry_out(incident_id)
        return len(ids)
