"""A company or a person lets one connection go. Nobody else's changes."""

from uuid import UUID

from django.db import transaction

from connections import grants, revocation
from connections.models import Connection
from connections.revocation import Cause
from connections.states import Door, End
from developers.models import Environment
from terra_portal import tenancy
from terra_portal.celery import nudge

EVIDENCE = {
    Door.API: "Asked for by API.",
    Door.DASHBOARD: "Asked for in the dashboard.",
    Door.HOSTED_PAGE: "Asked for by the person on the connect page.",
    Door.STAFF: "Asked for by platform staff.",
}


def end(
    connection_id: UUID,
    *,
    environment: Environment,
    door: Door,
    kind: End = End.DISCONNECTED,
    actor: str = "",
) -> Connection:
    """Ends one connection of this environment; the provider is asked only if it was the last.

    Raises Connection.DoesNotExist for an unknown, foreign or already ended one alike.
    """
    mine = Connection.objects.for_environment(environment).active()
    grant_id = mine.values_list("grant_id", flat=True).get(pk=connection_id)
    cause = Cause(kind=kind, door=door, evidence=EVIDENCE.get(door, ""), actor=actor)
    with tenancy.system("counting a grant"), transaction.atomic():
        locked = grants.lock(grant_id)
        connection = mine.select_for_update().get(pk=connection_id)
        revocation.end_locked([connection], cause)
        if grants.release(locked[grant_id], locked):
            nudge("connections.revoke_upstream", str(grant_id))
    return connection
