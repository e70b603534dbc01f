"""What is known of one connection between its start and its end, newest first."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from connections.dashboard import causes
from connections.dashboard.names import provider_name
from connections.models import Connection, Revocation
from connections.states import Door, End
from developers.models import Delivery, Environment, Event
from developers.states import DeliveryState, EventType
from terra_portal import moments

SHOWN = 200
Facts = list[tuple[str, str]]


@dataclass(frozen=True)
class Moment:
    at: datetime
    icon: str
    title: str
    tone: str = ""
    text: str = ""
    evidence: Sequence[tuple[str, str]] = ()
    open: bool = False


def timeline(connection: Connection, revocation: Revocation | None) -> list[Moment]:
    """Its start, the events that told of it, and its end with how we know."""
    told = [*_events(connection)]
    # What happened comes before the event that tells of it, though both have one time.
    ended = [_ended(revocation)] if revocation else []
    found = [*told, *ended, _connected(connection)]
    return sorted(found, key=lambda moment: moment.at, reverse=True)


def evidence(revocation: Revocation) -> Facts:
    """How we know of the end, without a word about anybody else."""
    detail = getattr(revocation, "detail", None)
    facts = [("Door", Door(revocation.door).label)]
    if detail and detail.evidence:
        facts.append(("What we saw", detail.evidence))
    if detail and detail.actor:
        facts.append(("By", detail.actor))
    if detail and detail.erased_at:
        facts.append(("Details", f"erased on {moments.exact(detail.erased_at)}"))
    if revocation.occurred_at != revocation.recorded_at:
        named = f"{provider_name(revocation.provider)}’s time"
        facts.append((named, moments.exact(revocation.occurred_at)))
    return [
        *facts,
        ("Our time", moments.exact(revocation.recorded_at)),
        ("Log row", str(revocation.id)),
    ]


def _connected(connection: Connection) -> Moment:
    name, agreed = provider_name(connection.provider), len(connection.scopes)
    kinds = "1 data type" if agreed == 1 else f"{agreed} data types"
    return Moment(
        at=connection.created_at,
        icon="circle-check",
        tone="good",
        title="Connected",
        text=f"{name}, {kinds} agreed.",
    )


def _ended(revocation: Revocation) -> Moment:
    return Moment(
        at=revocation.recorded_at,
        icon="unplug",
        tone="bad" if revocation.kind == End.REVOKED else "",
        title=f"Connection ended: {End(revocation.kind).label.lower()}",
        text=causes.sentence(revocation.kind, revocation.door) + ".",
        evidence=evidence(revocation),
        open=True,
    )


_TONES = {
    EventType.AUTH: "good",
    EventType.ACCESS_REVOKED: "bad",
    EventType.CONNECTION_ERROR: "warn",
    EventType.PERMISSION_CHANGE: "warn",
}


def _events(connection: Connection) -> list[Moment]:
    environment = connection.environment
    events = list(
        Event.objects.for_environment(environment)
        .filter(subject_id=connection.id)
        .defer("body")
        .order_by("-sequence", "-occurred_at")[:SHOWN]
    )
    reached = _reached(environment, [event.id for event in events])
    return [
        Moment(
            at=event.occurred_at,
            icon="zap",
            tone=_TONES.get(EventType(event.type), ""),
            title=f"Event {event.type}",
            text=_told(reached[event.id]),
        )
        for event in events
    ]


def _reached(environment: Environment, events: list[UUID]) -> dict[UUID, Counter[str]]:
    """For each event its deliveries by state, in one query."""
    found: dict[UUID, Counter[str]] = defaultdict(Counter)
    deliveries = Delivery.objects.for_environment(environment).filter(event__in=events)
    for event, state in deliveries.values_list("event", "state"):
        found[event][state] += 1
    return found


def _told(states: Counter[str]) -> str:
    total, delivered = states.total(), states[DeliveryState.DELIVERED]
    if not total:
        return "No destination takes this event."
    places = "1 destination" if total == 1 else f"{total} destinations"
    if delivered == total:
        return f"Delivered to {places}."
    if states[DeliveryState.EXHAUSTED]:
        return f"Delivered to {delivered} of {places}; {states[DeliveryState.EXHAUSTED]} given up."
    return f"Delivered to {delivered} of {places}; the rest waits."
