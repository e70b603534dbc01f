"""Ends of connections, whoever brings the news: one row in the log, one event, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest

from connections import brake, grants, payloads
from connections.models import Connection, Grant, Revocation, RevocationDetail
from connections.states import ConnectionState, Door, End, GrantState
from developers.webhooks.publish import publish
from terra_portal import clock, tenancy

BATCH = 500


@dataclass(frozen=True)
class Cause:
    """What ended a connection, through which door, and how we know, in words for its company."""

    kind: End
    door: Door
    evidence: str
    actor: str = ""
    occurred_at: datetime | None = None


def fan_out(
    grant_id: UUID, cause: Cause, *, authorisation_number: int, counted_as: Door | None = None
) -> int:
    """The provider account has withdrawn this authorisation: ends every connection on it.

    One transaction; exactly one log row and one event per connection, however often and from
    however many sides the news arrives. News of an earlier authorisation changes nothing, and
    what the incident brake holds ends nobody for now. The brake knows the end by its door, unless
    `counted_as` names another. Returns how many connections it ended.
    """
    by = counted_as or cause.door
    with tenancy.system("revocation at the provider"), transaction.atomic():
        locked = grants.lock(grant_id)
        grant = locked[grant_id]
        if not can_end(grant, authorisation_number):
            return 0
        if brake.holds(grant, by=by, kind=cause.kind, evidence=cause.evidence):
            return 0
        ended = end_locked(lock_active(grant), cause)
        grants.end(grant, by=by)
        for sibling in grants.family_of(grant, locked):
            if sibling.pk != grant.pk and sibling.state in grants.PROBED:
                # Their provider ends them together; each is asked about all the same.
                grants.doubt(sibling)
        return len(ended)


def can_end(grant: Grant, authorisation_number: int) -> bool:
    """Whether news of that authorisation still means the one that the grant stands on."""
    over = grant.state in {GrantState.ENDED, GrantState.REVOKING}
    return grant.authorisation_number == authorisation_number and not over


def lock_active(grant: Grant) -> list[Connection]:
    """The grant's living connections, locked by id."""
    rows = Connection.objects.active().on(grant).select_for_update()
    return list(rows.order_by("pk"))


def end_locked(
    connections: Sequence[Connection], cause: Cause, *, tell: bool = True
) -> list[Connection]:
    """Ends these locked connections, writes the log, and publishes unless told not to."""
    now = clock.now()
    for connection in connections:
        connection.state = ConnectionState.ENDED
        connection.ended_at = now
        connection.end_kind = cause.kind
        connection.attention = ""
    told = connections if tell else []
    drafts = [payloads.ended(one, cause.kind, cause.actor, at=now) for one in told]
    _store(connections, cause, now, told=tell)
    _write_log(connections, cause, now)
    publish(drafts)
    return list(connections)


def _store(connections: Sequence[Connection], cause: Cause, now: datetime, *, told: bool) -> None:
    """The same change for all, so one statement for many: a CASE for each row takes much longer.

    A draft has drawn one sequence and the moment of each; they are locked, so the rows go on from
    the same.
    """
    change: dict[str, Any] = {"ended_at": now, "end_kind": cause.kind, "attention": ""}
    if told:
        last = Greatest(Coalesce("last_webhook_update", now), now)
        change |= {"sequence": F("sequence") + 1, "last_webhook_update": last}
    ids = [connection.pk for connection in connections]
    for start in range(0, len(ids), BATCH):
        rows = Connection.objects.filter(pk__in=ids[start : start + BATCH])
        rows.update(state=ConnectionState.ENDED, **change)


def _write_log(connections: Sequence[Connection], cause: Cause, now: datetime) -> None:
    rows = [
        Revocation(
            environment_id=connection.environment_id,
            user_id=connection.pk,
            provider=connection.provider,
            kind=cause.kind,
            door=cause.door,
            connected_at=connection.created_at,
            occurred_at=cause.occurred_at or now,
            recorded_at=now,
        )
        for connection in connections
    ]
    Revocation.objects.bulk_create(rows, batch_size=BATCH)
    RevocationDetail.objects.bulk_create(
        [
            RevocationDetail(
                revocation_id=row.pk,
                environment_id=row.environment_id,
                recorded_at=now,
                reference_id=connection.reference_id,
                actor=cause.actor,
                evidence=cause.evidence,
            )
            for row, connection in zip(rows, connections, strict=True)
        ],
        batch_size=BATCH,
    )
