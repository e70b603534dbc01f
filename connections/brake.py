"""The incident brake: too many inferred ends under one client at once are held for the staff.

What a refresh or a probe shows can be wrong for a whole client at a time, when its provider has a
bad day. Whoever asks holds the grant's lock, and is served one after the other for each client.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from connections import alarms, attention, grants
from connections.models import Grant, HeldEnd, Incident, OAuthClient
from connections.states import Attention, Door, End, HeldOutcome, IncidentState
from terra_portal import clock

# The bound: so many at once, or one in so many of the client's grants, whichever is more.
AT_ONCE = 5
ONE_IN = 20
INFERRED = (Door.REFRESH, Door.LIVENESS)
INFERRED_WITHIN = timedelta(minutes=10)
NOTICES_WITHIN = timedelta(minutes=1)
LOOK_AGAIN = timedelta(hours=1)


def holds(grant: Grant, *, by: Door, kind: End, evidence: str) -> bool:
    """Whether this end has to wait for the staff. If so it is kept, and the grant lives on.

    Runs in the transaction of the end, under the grant's lock.
    """
    if by not in INFERRED:
        return False
    lock(grant.oauth_client_id)
    rows = Incident.objects.filter(oauth_client=grant.oauth_client_id, state=IncidentState.OPEN)
    incident = rows.first()
    if incident is None:
        if has_room(grant.oauth_client_id, INFERRED, within=INFERRED_WITHIN):
            return False
        incident = Incident.objects.create(oauth_client_id=grant.oauth_client_id)
        alarms.raise_incident(incident)
    _hold(incident, grant, by, kind, evidence)
    return True


def lock(client_id: UUID) -> None:
    """One end after the other. The client comes after its grants in the lock order."""
    OAuthClient.objects.select_for_update(no_key=True, of=("self",)).get(pk=client_id)


def has_room(client_id: UUID, doors: Collection[Door], *, within: timedelta) -> bool:
    """Whether one more end by these doors stays inside the bound. Needs the client's lock.

    Never counts the client's grants: it looks whether there are as many as the bound wants.
    """
    mine = Grant.objects.filter(oauth_client=client_id)
    recent = mine.filter(ended_by__in=doors, ended_at__gt=clock.now() - within).count()
    if recent < AT_ONCE:
        return True
    needed = ONE_IN * (recent + 1) - recent
    living = mine.filter(state__in=grants.PROBED).values_list("pk", flat=True)
    return bool(living[needed - 1 : needed])


def _hold(incident: Incident, grant: Grant, by: Door, kind: End, evidence: str) -> None:
    """One row for each grant; holding it twice changes nothing, but for another authorisation."""
    now = clock.now()
    number = grant.authorisation_number
    said = {
        "authorisation_number": number,
        "kind": kind,
        "door": by,
        "evidence": evidence,
        "held_at": now,
        "outcome": HeldOutcome.HELD,
        "settled_at": None,
    }
    held, new = HeldEnd.objects.get_or_create(incident=incident, grant=grant, defaults=said)
    if not new and (held.outcome != HeldOutcome.HELD or held.authorisation_number != number):
        HeldEnd.objects.filter(pk=held.pk).update(**said)
    grant.doubted = False
    grant.next_probe_at = now + LOOK_AGAIN
    grant.save(update_fields=["doubted", "next_probe_at"])
    attention.mark(grant, Attention.PROVIDER_FAILING)


def is_holding(grant: Grant) -> bool:
    """Whether an end of this grant waits for a decision, or for one to be carried out."""
    return HeldEnd.objects.filter(grant=grant).waiting().exists()
