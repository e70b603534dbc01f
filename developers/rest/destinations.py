"""Destinations: where the environment's webhooks go."""

from typing import Any

from django.http import Http404
from ninja import Router, Status

from developers.api import PROBLEMS, ApiRequest, Problem, in_environment
from developers.models import Destination, EnvironmentQuerySet
from developers.rest import ids
from developers.rest.pages import CursorText, PerPage, page
from developers.rest.shapes import (
    DestinationChange,
    Destinations,
    Example,
    NewDestination,
    NewSecret,
    OneDestination,
    OneEvent,
    Rotation,
    Success,
)
from developers.webhooks import destinations as verbs
from developers.webhooks import examples

router = Router(tags=["Portal: destinations"])
router.add_decorator(in_environment)

ONE = "/destinations/{destination_id}"


@router.get(
    "/destinations", response={200: Destinations} | PROBLEMS, summary="List the destinations"
)
def list_destinations(
    request: ApiRequest, cursor: CursorText = "", per_page: PerPage = 50
) -> dict[str, Any]:
    """Newest first; removed ones are left out."""
    rows, following = page(_current(request), cursor, by="created_at", size=per_page)
    return {"destinations": rows, "next": following}


@router.post("/destinations", response={201: NewSecret} | PROBLEMS, summary="Add a destination")
def add_destination(request: ApiRequest, body: NewDestination) -> Status[dict[str, Any]]:
    """The answer holds the signing secret, which is not shown again.

    An environment has at most 50.
    """
    made, secret = verbs.add(
        request.auth.environment,
        body.url,
        event_types=body.event_types,
        headers=body.headers,
        deadline_seconds=body.deadline_seconds,
    )
    return Status(201, {"destination": made, "secret": secret})


@router.get(ONE, response={200: OneDestination} | PROBLEMS, summary="Look up a destination")
def get_destination(request: ApiRequest, destination_id: str) -> dict[str, Any]:
    return {"destination": one_destination(request, destination_id)}


@router.patch(ONE, response={200: OneDestination} | PROBLEMS, summary="Change a destination")
def change_destination(
    request: ApiRequest, destination_id: str, body: DestinationChange
) -> dict[str, Any]:
    """What is left out stays; `headers` replaces all of them, `{}` removes them."""
    verbs.change(one_destination(request, destination_id), **body.model_dump())
    return {"destination": one_destination(request, destination_id)}


@router.delete(ONE, response={200: Success} | PROBLEMS, summary="Remove a destination")
def remove_destination(request: ApiRequest, destination_id: str) -> dict[str, Any]:
    """It receives nothing more, and what still waits for it is not sent."""
    verbs.remove(one_destination(request, destination_id))
    return {}


@router.post(
    f"{ONE}/rotate", response={200: NewSecret} | PROBLEMS, summary="Make a new signing secret"
)
def rotate_destination_secret(
    request: ApiRequest, destination_id: str, body: Rotation | None = None
) -> dict[str, Any]:
    """The old secret signs as well for `keep_hours`. The new one is not shown again."""
    hours = (body or Rotation()).keep_hours
    secret = verbs.rotate(one_destination(request, destination_id), keep_hours=hours)
    return {"destination": one_destination(request, destination_id), "secret": secret}


@router.post(
    f"{ONE}/pause", response={200: OneDestination} | PROBLEMS, summary="Pause a destination"
)
def pause_destination(request: ApiRequest, destination_id: str) -> dict[str, Any]:
    """What is due and what comes is held for it, and uses up no attempt."""
    verbs.pause(one_destination(request, destination_id))
    return {"destination": one_destination(request, destination_id)}


@router.post(
    f"{ONE}/enable", response={200: OneDestination} | PROBLEMS, summary="Enable a destination"
)
def enable_destination(request: ApiRequest, destination_id: str) -> dict[str, Any]:
    """After a pause, or after the portal disabled it. What was held goes out."""
    verbs.enable(one_destination(request, destination_id))
    return {"destination": one_destination(request, destination_id)}


@router.post(
    f"{ONE}/test",
    response={201: OneEvent, 429: Problem} | PROBLEMS,
    summary="Send an example of an event",
)
def send_example(request: ApiRequest, destination_id: str, body: Example) -> Status[dict[str, Any]]:
    """To this destination alone, with made-up ids, signed like any other.

    A destination gets 20 in a minute; `Retry-After` of a 429 says when it gets the next.
    """
    event = examples.send(one_destination(request, destination_id), body.type)
    return Status(201, {"event": event})


def _current(request: ApiRequest) -> EnvironmentQuerySet[Destination]:
    return Destination.objects.for_environment(request.auth.environment).filter(removed_at=None)


def one_destination(request: ApiRequest, destination_id: str) -> Destination:
    """Raises Http404 alike for one that is unknown, removed or another environment's."""
    found = _current(request).select_related("environment__company")
    one = found.filter(pk=ids.read(destination_id)).first()
    if one is None:
        raise Http404("destination not found")
    return one
