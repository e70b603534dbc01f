"""A company renames one of its users, or pauses and resumes the news of them."""

from uuid import UUID

from django.db import IntegrityError, transaction

from connections import grants, references
from connections.models import Connection, ConnectionQuerySet
from developers import audit
from developers.models import Environment, User
from terra_portal import clock, tenancy
from terra_portal.errors import InvalidInputError

OCCUPIED = "another user of yours has it, connected to the same wearable account"


def modify(
    connection_id: UUID,
    *,
    environment: Environment,
    reference_id: str | None = None,
    active: bool | None = None,
    actor: User | None = None,
) -> Connection:
    """Changes what is given; None leaves it as it is, and an empty reference removes it.

    Not active means paused: the grant is kept and looked after as always, and the company hears
    nothing but that the connection has ended. Raises InvalidInputError naming `reference_id`, and
    Connection.DoesNotExist for an unknown, foreign or ended user alike.
    """
    reference = None if reference_id is None else references.clean(reference_id)
    found = _connected(environment).get(pk=connection_id)
    with tenancy.system("changing a user under its grant's lock"):
        for last_try in (False, True):
            try:
                with transaction.atomic():
                    grants.lock(found.grant_id)
                    connection = _locked(found, environment, reference)
                    changed = _apply(connection, reference, active)
                    _record(connection, changed, environment, actor)
                    return connection
            except IntegrityError:
                # Somebody connected under this reference meanwhile: now it is there to be seen.
                if last_try:
                    raise
    raise AssertionError("unreachable")


def _connected(environment: Environment) -> ConnectionQuerySet:
    return Connection.objects.for_environment(environment).active()


def _locked(one: Connection, environment: Environment, reference: str | None) -> Connection:
    """The user; for a new reference with all on the same account, which two may swap at once."""
    those = _connected(environment).filter(pk=one.pk)
    if reference is not None:
        account = {"provider": one.provider, "provider_user_id": one.provider_user_id}
        those = _connected(environment).filter(**account)
    locked = {row.pk: row for row in those.select_for_update().order_by("pk")}
    found = locked.pop(one.pk, None)
    if found is None:
        raise Connection.DoesNotExist
    if reference is not None and reference in {other.reference_id for other in locked.values()}:
        raise InvalidInputError("reference_id", OCCUPIED)
    return found


def _apply(connection: Connection, reference: str | None, active: bool | None) -> list[str]:
    """Stores what differs; returns what was done, in the words of the audit log."""
    done = []
    if reference is not None and reference != connection.reference_id:
        connection.reference_id = reference
        done.append("user.reference_changed")
    if active is not None and active == connection.is_paused:
        connection.paused_at = None if active else clock.now()
        done.append("user.resumed" if active else "user.paused")
    if done:
        connection.save(update_fields=["reference_id", "paused_at"])
    return done


def _record(
    connection: Connection, done: list[str], environment: Environment, actor: User | None
) -> None:
    for action in done:
        audit.record(
            environment.company,
            action,
            environment=environment,
            actor=actor,
            subject=str(connection.pk),
        )
