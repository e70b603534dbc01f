"""One event: its payload, how every delivery of it went, and sending it again."""

import json
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.dashboard.destinations import spoken
from developers.models import Attempt, Delivery, Event
from developers.states import DeliveryState, Role
from developers.webhooks import answers, resend
from terra_portal import clock
from terra_portal.errors import InvalidInputError


@dataclass(frozen=True)
class Told:
    """A delivery as the page shows it; each attempt with what its answer means."""

    delivery: Delivery
    host: str
    path: str
    attempts: list[tuple[Attempt, str]]
    may_resend: bool


@require_safe
@environment_page()
def event(request: EnvironmentRequest, event_id: UUID) -> HttpResponse:
    """Its payload while it is kept, and every attempt to deliver it."""
    tries = Prefetch("attempts", Attempt.objects.order_by("-number"))
    deliveries = Delivery.objects.select_related("destination").prefetch_related(tries)
    found = get_object_or_404(
        Event.objects.for_environment(request.environment).prefetch_related(
            Prefetch("deliveries", deliveries.order_by("created_at", "id"))
        ),
        pk=event_id,
    )
    told = [_told(found, row) for row in found.deliveries.all()]
    context = {
        "event": found,
        "body": _indented(found),
        "deliveries": told,
        "erased_after": found.occurred_at + timedelta(days=request.environment.payload_days),
        "may_resend_all": sum(row.may_resend for row in told) > 1,
    }
    return render(request, "dashboard/event.html", context)


@require_POST
@environment_page(role=Role.DEVELOPER)
def send_again(request: EnvironmentRequest, event_id: UUID, delivery_id: UUID) -> HttpResponse:
    """To one destination."""
    deliveries = Delivery.objects.for_environment(request.environment)
    found = get_object_or_404(deliveries.filter(event=event_id), pk=delivery_id)
    try:
        resend.again(found, by=request.user)
    except InvalidInputError as error:
        messages.error(request, f"Not sent: {error.message}")
    else:
        messages.success(request, "It goes out again now, with the same id and the same bytes.")
    return redirect(address(request, "event", event_id=event_id))


@require_POST
@environment_page(role=Role.DEVELOPER)
def send_everywhere(request: EnvironmentRequest, event_id: UUID) -> HttpResponse:
    """To every destination that had it and is still there."""
    found = get_object_or_404(Event.objects.for_environment(request.environment), pk=event_id)
    current = found.deliveries.filter(destination__removed_at=None).order_by("created_at", "id")
    sent, refusal = resend.everywhere(current, by=request.user)
    if sent:
        messages.success(request, f"It goes out again to {sent} of {len(current)} destinations.")
    if refusal:
        messages.error(request, f"Not sent everywhere: {refusal}")
    return redirect(address(request, "event", event_id=event_id))


def _indented(event: Event) -> str:
    if event.erased_at:
        return ""
    return json.dumps(json.loads(event.body), indent=2, ensure_ascii=False)


def _told(event: Event, delivery: Delivery) -> Told:
    host, path = spoken(delivery.destination.url)
    sending = delivery.state == DeliveryState.CLAIMED and delivery.due_at > clock.now()
    return Told(
        delivery=delivery,
        host=host,
        path=path,
        attempts=[(made, answers.sentence(made)) for made in delivery.attempts.all()],
        may_resend=not (event.erased_at or delivery.destination.removed_at or sending),
    )
