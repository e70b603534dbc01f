"""The outbox: events are written in the transaction of the change that they report."""

import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from django.db import connection

from developers.models import Delivery, Destination, Event
from developers.states import DeliveryState, DestinationState, EventType
from terra_portal import clock
from terra_portal.celery import nudge


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


def publish(drafts: Sequence[Draft]) -> list[Event]:
    """Writes the events and one delivery for each destination that wants them.

    Raises OutsideTransactionError where no transaction is open: rows are the queue, so a change
    and its event are committed together or not at all.
    """
    if not connection.in_atomic_block:
        raise OutsideTransactionError("publish() belongs into the transaction of the change")
    if not drafts:
        return []
    events = Event.objects.bulk_create([_event(draft) for draft in drafts], batch_size=500)
    deliveries = _deliveries(events)
    Delivery.objects.bulk_create(deliveries, batch_size=500)
    if deliveries:
        nudge("developers.deliver_due")
    return events


def _event(draft: Draft) -> Event:
    event_id, now = uuid.uuid4(), clock.now()
    portal = {
        "event_id": str(event_id),
        "sequence": draft.sequence,
        "occurred_at": now.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": draft.kind or None,
        "actor": draft.actor or None,
    }
    return Event(
        id=event_id,
        environment_id=draft.environment_id,
        type=draft.type,
        subject_id=draft.subject_id,
        sequence=draft.sequence,
        body=json.dumps({**draft.body, "portal": portal}, separators=(",", ":")),
        occurred_at=now,
    )


def _deliveries(events: Sequence[Event]) -> list[Delivery]:
    destinations = defaultdict(list)
    for row in _destinations({event.environment_id for event in events}):
        destinations[row.environment_id].append(row)
    return [
        Delivery(
            environment_id=event.environment_id,
            event=event,
            destination=destination,
            state=_first_state(destination),
            due_at=event.occurred_at,
        )
        for event in events
        for destination in destinations[event.environment_id]
        if not destination.event_types or event.type in destination.event_types
    ]


def _first_state(destination: Destination) -> DeliveryState:
    enabled = destination.state == DestinationState.ENABLED
    return DeliveryState.DUE if enabled else DeliveryState.HELD


def _destinations(environments: set[UUID]) -> list[Destination]:
    """Those that hold back are locked: one enabled meanwhile would leave a row held for good."""
    rows = Destination.objects.filter(environment__in=environments, removed_at=None)
    rows = rows.defer("signing_secret").order_by("pk")
    found = {row.pk: row for row in rows}
    holding = [row.pk for row in found.values() if row.state != DestinationState.ENABLED]
    if holding:
        locked = rows.filter(pk__in=holding).select_for_update(no_key=True)
        found = {pk: row for pk, row in found.items() if pk not in holding}
        found |= {row.pk: row for row in locked}
    return list(found.values())
