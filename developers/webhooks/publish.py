"""The outbox: events are written in the transaction of the change that they report."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from developers.models import Delivery, Destination, Event
from developers.states import DeliveryState, DestinationState, EventType
from terra_portal import clock
from terra_portal.celery import nudge

BATCH = 500
# Made once: json.dumps would make one for every event.
_encode = json.JSONEncoder(separators=(",", ":")).encode


class OutsideTransactionError(RuntimeError):
    """An event was about to be written apart from the change that it reports."""


@dataclass(frozen=True)
class Draft:
    """What happened, for whom; `body` is Terra's published shape, without our key `portal`."""

    environment_id: UUID
    type: EventType
    body: dict[str, Any]
    subject_id: UUID | None = None
    sequence: int | None = None
    kind: str = ""
    actor: str = ""
    # The company's own name of the person.
    reference_id: str = ""
    # When it happened; at the moment of publishing, where nothing is said. Whoever draws a
    # sequence says it, so that it never goes back for one subject.
    at: datetime | None = None


class Receiver(NamedTuple):
    """As much of a destination as decides whether and how an event is for it."""

    pk: UUID
    environment_id: UUID
    event_types: list[str]
    state: str


def publish(drafts: Sequence[Draft]) -> list[Event]:
    """Writes the events and one delivery for each destination that wants them.

    Raises OutsideTransactionError where no transaction is open: rows are the queue, so a change
    and its event are committed together or not at all.
    """
    if not connection.in_atomic_block:
        raise OutsideTransactionError("publish() belongs into the transaction of the change")
    if not drafts:
        return []
    events = [_event(draft) for draft in drafts]
    deliveries = _deliveries(events)
    wanted = {delivery.event_id for delivery in deliveries}
    for event in events:
        event.is_unwanted = event.pk not in wanted
    Event.objects.bulk_create(events, batch_size=BATCH)
    Delivery.objects.bulk_create(deliveries, batch_size=BATCH)
    if deliveries:
        nudge("developers.deliver_due")
    return events


def _event(draft: Draft) -> Event:
    event_id, at = uuid.uuid4(), draft.at or clock.now()
    portal = {
        "event_id": str(event_id),
        "sequence": draft.sequence,
        "occurred_at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": draft.kind or None,
        "actor": draft.actor or None,
    }
    return Event(
        id=event_id,
        environment_id=draft.environment_id,
        type=draft.type,
        subject_id=draft.subject_id,
        sequence=draft.sequence,
        reference_id=draft.reference_id,
        body=_encode({**draft.body, "portal": portal}),
        occurred_at=at,
    )


def _deliveries(events: Sequence[Event]) -> list[Delivery]:
    # Due by the clock, also where an event is dated ahead because the clock was set back.
    receivers, now = defaultdict(list), clock.now()
    for row in _receivers({event.environment_id for event in events}):
        receivers[row.environment_id].append(row)
    return [
        Delivery(
            environment_id=event.environment_id,
            event_id=event.pk,
            destination_id=receiver.pk,
            state=_first_state(receiver),
            due_at=now,
        )
        for event in events
        for receiver in receivers[event.environment_id]
        if not receiver.event_types or event.type in receiver.event_types
    ]


def _first_state(receiver: Receiver) -> DeliveryState:
    enabled = receiver.state == DestinationState.ENABLED
    return DeliveryState.DUE if enabled else DeliveryState.HELD


def _receivers(environments: set[UUID]) -> list[Receiver]:
    """Those that hold back are locked: one enabled meanwhile would leave a row held for good."""
    rows = Destination.objects.filter(environment__in=environments, removed_at=None).order_by("pk")
    found = {row.pk: row for row in _read(rows)}
    holding = [row.pk for row in found.values() if row.state != DestinationState.ENABLED]
    if holding:
        locked = _read(rows.filter(pk__in=holding).select_for_update(no_key=True))
        found = {pk: row for pk, row in found.items() if pk not in holding}
        found |= {row.pk: row for row in locked}
    return list(found.values())


def _read(rows: QuerySet[Destination]) -> Iterator[Receiver]:
    return map(Receiver._make, rows.values_list(*Receiver._fields))
