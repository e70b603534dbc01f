"""Events: what the environment was told, and whether it arrived."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from developers.dashboard.event_filter import EventFilter
from developers.dashboard.sending import sending
from terra_portal import paging


@require_safe
@environment_page()
def events(request: EnvironmentRequest) -> HttpResponse:
    """Newest first; the charts above are of all events, whatever the filter."""
    form = EventFilter(request.GET)
    found = form.narrow(request.environment).defer("body").prefetch_related("deliveries")
    page = paging.page(found, request.GET.get("page", ""), by="occurred_at")
    template = part(request, "dashboard/events.html", "list")
    context = {
        "form": form,
        "rows": page.rows,
        "links": paging.links(page, request.GET),
        "clear_url": address(request, "events"),
        "destinations_url": address(request, "destinations"),
        "recoveries_url": address(request, "recoveries"),
    }
    if "#" not in template:
        context |= sending(request, request.environment)
    return render(request, template, context)
