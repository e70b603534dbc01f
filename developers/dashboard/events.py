"""Events: what the environment was told, and how every delivery of it went."""

import json
from uuid import UUID

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from developers.dashboard.destinations import spoken
from developers.forms import EventFilter
from developers.models import Attempt, Delivery, Event
from terra_portal import paging


@require_safe
@environment_page()
def events(request: EnvironmentRequest) -> HttpResponse:
    """Newest first; a filter that names no type shows its error and nothing else."""
    form = EventFilter(request.GET)
    found = Event.objects.for_environment(request.environment).defer("body")
    if not form.is_valid():
        found = found.none()
    elif form.cleaned_data["type"]:
        found = found.filter(type=form.cleaned_data["type"])
    page = paging.page(
        found.prefetch_related("deliveries"), request.GET.get("page", ""), by="occurred_at"
    )
    context = {
        "form": form,
        "rows": page.rows,
        "links": paging.links(page, request.GET),
        "clear_url": address(request, "events"),
        "destinations_url": address(request, "destinations"),
    }
    return render(request, part(request, "dashboard/events.html", "list"), context)


@require_safe
@environment_page()
def event(request: EnvironmentRequest, event_id: UUID) -> HttpResponse:
    """Its body, and every attempt to deliver it."""
    tries = Prefetch("attempts", Attempt.objects.order_by("-number"))
    deliveries = Delivery.objects.select_related("destination").prefetch_related(tries)
    found = get_object_or_404(
        Event.objects.for_environment(request.environment).prefetch_related(
            Prefetch("deliveries", deliveries.order_by("created_at", "id"))
        ),
        pk=event_id,
    )
    body = json.dumps(json.loads(found.body), indent=2, ensure_ascii=False)
    delivered = [(row, *spoken(row.destination.url)) for row in found.deliveries.all()]
    context = {"event": found, "body": body, "deliveries": delivered}
    return render(request, "dashboard/event.html", context)
