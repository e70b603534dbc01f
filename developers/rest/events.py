"""Events: what the environment was told, and how every delivery of it went."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, QueryDict
from ninja import Query, Router

from developers.api import PROBLEMS, ApiRequest, in_environment
from developers.dashboard.event_filter import EventFilter
from developers.models import Attempt, Delivery, Event
from developers.rest import ids
from developers.rest.pages import CursorText, PerPage, page
from developers.rest.shapes import Events, Moment, OneDelivery, OneEvent, Resend
from developers.states import EventType
from developers.webhooks import resend

router = Router(tags=["Portal: events"])
router.add_decorator(in_environment)

Outcome = Literal["delivered", "failed", "waiting", "held", "none"]
# As the console's own form takes it: no control characters.
Reference = Annotated[str, Query(max_length=512, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


@router.get("/events", response={200: Events} | PROBLEMS, summary="List events")
def list_events(
    request: ApiRequest,
    type: EventType | None = None,
    user_id: UUID | None = None,
    reference_id: Reference = "",
    outcome: Outcome | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    cursor: CursorText = "",
    per_page: PerPage = 50,
) -> dict[str, Any]:
    """Newest first, without payloads. An event has an outcome where one of its deliveries does;
    `none` are those that no destination wanted.

    `since` counts itself, `until` does not.
    """
    wanted = {
        "type": type,
        "subject_id": user_id,
        "reference_id": reference_id or None,
        "occurred_at__gte": since,
        "occurred_at__lt": until,
    }
    found = EventFilter(QueryDict(f"outcome={outcome or ''}")).narrow(request.auth.environment)
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    deliveries = Delivery.objects.order_by("created_at", "pk")
    rows, following = page(
        found.defer("body").prefetch_related(Prefetch("deliveries", deliveries)),
        cursor,
        by="occurred_at",
        size=per_page,
    )
    return {"events": rows, "next": following}


@router.get("/events/{event_id}", response={200: OneEvent} | PROBLEMS, summary="Look up an event")
def get_event(request: ApiRequest, event_id: str) -> dict[str, Any]:
    """Its payload, and every attempt to deliver it."""
    attempts = Prefetch("attempts", Attempt.objects.order_by("number"))
    deliveries = Delivery.objects.prefetch_related(attempts).order_by("created_at", "pk")
    found = Event.objects.for_environment(request.auth.environment)
    full = found.prefetch_related(Prefetch("deliveries", deliveries))
    event = full.filter(pk=ids.read(event_id)).first()
    if event is None:
        raise Http404("event not found")
    return {"event": event}


@router.post(
    "/events/{event_id}/resend",
    response={200: OneDelivery} | PROBLEMS,
    summary="Send an event again",
)
def resend_event(request: ApiRequest, event_id: str, body: Resend) -> dict[str, Any]:
    """To one of the destinations that it was for: at once, the same bytes under the same id."""
    found = Delivery.objects.for_environment(request.auth.environment).filter(
        event=ids.read(event_id), destination=ids.read(body.destination_id)
    )
    delivery = found.select_related("event", "destination", "environment__company").first()
    if delivery is None:
        raise Http404("delivery not found")
    resend.again(delivery)
    delivery.refresh_from_db()
    return {"delivery": delivery}
