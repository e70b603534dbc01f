"""Examples: an event of any type as a destination would get it, about nobody."""

import json
import math
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from developers import audit
from developers.models import Delivery, Destination, Event, User
from developers.states import DeliveryState, DestinationState, EventType
from terra_portal import clock, tenancy
from terra_portal.celery import nudge
from terra_portal.errors import InvalidInputError, TooSoonError

VERSION = "2022-03-16"
REFERENCE = "example-person"
# How many a destination gets: enough for one of each type, a few times over.
MOST, WITHIN = 20, timedelta(minutes=1)
SCOPES = "ACTIVITY_EXPORT,HEALTH_EXPORT"
# Type, then `status`, `message` and `portal.kind` as the real ones have them.
SAYS: dict[EventType, tuple[str, str, str]] = {
    EventType.AUTH: ("success", "User has successfully authenticated", "connected"),
    EventType.AUTH_CANCELLED: (
        "error",
        "You did not give access, so nothing was connected.",
        "access_denied",
    ),
    EventType.DEAUTH: ("success", "User has deauthenticated", "disconnected"),
    EventType.USER_REAUTH: (
        "warning",
        "User has reauthenticated and old ID has been deleted",
        "replaced",
    ),
    EventType.ACCESS_REVOKED: ("warning", "User revoked access", "revoked"),
    EventType.PERMISSION_CHANGE: (
        "warning",
        "User permissions have been modified",
        "permission_change",
    ),
    EventType.CONNECTION_ERROR: ("warning", "User connection degraded", "needs_reauth"),
}


def send(destination: Destination, event_type: str, *, by: User | None = None) -> Event:
    """An example for this destination alone, whatever types it takes; held where it is stopped.

    Every id in it is made up, and `portal.example` is true. Raises InvalidInputError naming
    `type`, or `destination` where it has been removed; TooSoonError after MOST of them WITHIN
    a minute.
    """
    if event_type not in EventType.values:
        raise InvalidInputError("type", f"There is no event type “{event_type[:40]}”.")
    with tenancy.environment(destination.environment_id), transaction.atomic():
        # The lock against enable(): an example held after it would be held for good.
        locked = Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)
        if locked.removed_at:
            raise InvalidInputError("destination", "It has been removed.")
        _leave_room(destination)
        event = _event(destination, EventType(event_type))
        open_ = locked.state == DestinationState.ENABLED
        Delivery.objects.create(
            environment_id=destination.environment_id,
            event=event,
            destination=destination,
            state=DeliveryState.DUE if open_ else DeliveryState.HELD,
            due_at=event.occurred_at,
        )
        audit.record(
            destination.environment.company,
            "destination.example_sent",
            environment=destination.environment,
            actor=by,
            subject=destination.url,
        )
        if open_:
            nudge("developers.deliver_due")
    return event


def _leave_room(destination: Destination) -> None:
    """The destination is locked, so that two at once count one another."""
    now = clock.now()
    times = recent(destination, now).order_by("-occurred_at").values_list("occurred_at", flat=True)
    # The one that has to be a minute old before there is room for the next.
    for first in times[MOST - 1 : MOST]:
        wait = math.ceil((first + WITHIN - now).total_seconds())
        raise TooSoonError(
            "destination",
            f"It got {MOST} examples within a minute. Send the next in {wait} s.",
            wait_seconds=wait,
        )


def recent(destination: Destination, now: datetime) -> QuerySet[Event]:
    """Its examples WITHIN a minute before `now`, by an index of examples alone."""
    here = Event.objects.for_environment(destination.environment)
    examples = here.filter(is_example=True, occurred_at__gt=now - WITHIN, occurred_at__lte=now)
    return examples.filter(deliveries__destination=destination)


def _event(destination: Destination, event_type: EventType) -> Event:
    event_id, now = uuid.uuid4(), clock.now()
    counted = event_type != EventType.AUTH_CANCELLED
    portal = {
        "event_id": str(event_id),
        "sequence": 1 if counted else None,
        "occurred_at": _timestamp(now),
        "kind": SAYS[event_type][2],
        "actor": None,
        "example": True,
    }
    return Event.objects.create(
        id=event_id,
        environment_id=destination.environment_id,
        type=event_type,
        body=json.dumps({**body(event_type, now), "portal": portal}, separators=(",", ":")),
        occurred_at=now,
        is_example=True,
    )


def body(event_type: EventType, at: datetime) -> dict[str, Any]:
    """Terra's published shape of this type, filled in with a person who does not exist."""
    status, message, kind = SAYS[event_type]
    begun: dict[str, Any] = {
        "type": event_type.value,
        "status": status,
        "message": message,
        "version": VERSION,
    }
    if event_type == EventType.AUTH_CANCELLED:
        link = {"flow_id": str(uuid.uuid4()), "widget_session_id": str(uuid.uuid4())}
        return begun | link | {"reason": kind, "reference_id": REFERENCE}
    if event_type == EventType.USER_REAUTH:
        return begun | {"old_user": _user(at, active=False), "new_user": _user(at)}
    over = event_type in (EventType.DEAUTH, EventType.ACCESS_REVOKED)
    begun["user"] = _user(at, active=not over)
    if event_type == EventType.AUTH:
        begun |= {"widget_session_id": str(uuid.uuid4()), "reference_id": REFERENCE}
    if event_type == EventType.PERMISSION_CHANGE:
        begun |= {"scopes_added": "HEALTH_EXPORT", "scopes_removed": ""}
    return begun


def _user(at: datetime, *, active: bool = True) -> dict[str, Any]:
    return {
        "user_id": str(uuid.uuid4()),
        "provider": "GARMIN",
        "reference_id": REFERENCE,
        "active": active,
        "scopes": SCOPES,
        "last_webhook_update": None,
        "created_at": _timestamp(at),
    }


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
