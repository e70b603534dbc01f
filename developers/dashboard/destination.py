"""One destination: its health, its deliveries, how to verify what it receives, its switches."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.db.models import OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard import destination_health
from developers.dashboard.addresses import address, part
from developers.dashboard.destination_forms import ExampleForm
from developers.dashboard.destinations import current, spoken
from developers.dashboard.sending import sending
from developers.models import Attempt, Delivery, Destination, EnvironmentQuerySet
from developers.states import DeliveryState, Role
from developers.webhooks import destinations as verbs
from developers.webhooks import examples, extra_headers
from terra_portal import clock, paging
from terra_portal.errors import InvalidInputError

SHOWN = 12
# How long a page of deliveries asks again by itself for the first answer of one.
WATCHED = timedelta(seconds=60)


@require_safe
@environment_page()
def destination(request: EnvironmentRequest, destination_id: UUID) -> HttpResponse:
    """Its deliveries, newest first, each with its number of tries and the last answer."""
    found = one(request, destination_id)
    page = paging.page(_deliveries(found), request.GET.get("page", ""), by="created_at", size=SHOWN)
    context = {
        "destination": found,
        "host": spoken(found.url)[0],
        "health": destination_health.of([found])[found.pk],
        "header_names": list(extra_headers.of(found)),
        "old_secret_until": verbs.old_secret_until(found),
        "example_form": ExampleForm(),
        "rows": page.rows,
        "links": paging.links(page, request.GET),
        "moving": any(_is_moving(row) for row in page.rows),
    }
    template = part(request, "dashboard/destination.html", "list")
    if "#" not in template:
        context |= sending(request, found)
    return render(request, template, context)


@require_POST
@environment_page(role=Role.DEVELOPER)
def example(request: EnvironmentRequest, destination_id: UUID) -> HttpResponse:
    """Sends one of the chosen type; it stands in the list of deliveries at once."""
    event_type = request.POST.get("type", "")
    try:
        sent = examples.send(one(request, destination_id), event_type, by=request.user)
    except InvalidInputError as error:
        messages.error(request, error.message)
    else:
        if sent.deliveries.filter(state=DeliveryState.HELD).exists():
            messages.info(request, f"An example of {sent.type} is held until you enable it.")
        else:
            messages.success(request, f"An example of {sent.type} is on its way.")
    return redirect(address(request, "destination", destination_id=destination_id) + "#deliveries")


@require_POST
@environment_page(role=Role.DEVELOPER)
def pause(request: EnvironmentRequest, destination_id: UUID) -> HttpResponse:
    verbs.pause(one(request, destination_id), by=request.user)
    messages.success(request, "The destination is paused.")
    return redirect(address(request, "destination", destination_id=destination_id))


@require_POST
@environment_page(role=Role.DEVELOPER)
def enable(request: EnvironmentRequest, destination_id: UUID) -> HttpResponse:
    verbs.enable(one(request, destination_id), by=request.user)
    messages.success(request, "The destination is enabled. What was held goes out now.")
    return redirect(address(request, "destination", destination_id=destination_id))


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.DEVELOPER)
def remove(request: EnvironmentRequest, destination_id: UUID) -> HttpResponse:
    """Asks first; the answer to the form removes."""
    found = one(request, destination_id)
    if request.method == "POST":
        verbs.remove(found, by=request.user)
        messages.success(request, "The destination is removed.")
        return redirect(address(request, "destinations"))
    context = {
        "title": "Remove this destination?",
        "heading": "Remove a destination",
        "text": found.url,
        "consequences": [
            ("webhook", "It receives nothing more; what still waits for it is not sent."),
            ("zap", "Its events stay in the list of events."),
            ("repeat-2", "Adding the address again makes a new signing secret."),
        ],
        "submit_label": "Remove it",
        "action": request.path,
        "cancel_url": address(request, "destination", destination_id=destination_id),
    }
    return render(request, "components/confirm_page.html", context)


def _is_moving(delivery: Delivery) -> bool:
    """Whether its first answer is a matter of seconds, so that the reader waits for it."""
    fresh = clock.now() - delivery.due_at < WATCHED and not delivery.round_count
    return fresh and delivery.state in (DeliveryState.DUE, DeliveryState.CLAIMED)


def one(request: EnvironmentRequest, destination_id: UUID) -> Destination:
    """The environment's destination of this id; 404 for every other."""
    found = current(request).select_related("environment__company")
    return get_object_or_404(found, pk=destination_id)


def _deliveries(destination: Destination) -> EnvironmentQuerySet[Delivery]:
    tries = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-number")
    rows = Delivery.objects.for_environment(destination.environment)
    return (
        rows.filter(destination=destination)
        .select_related("event")
        .defer("event__body")
        .annotate(
            last_status=Subquery(tries.values("status_code")[:1]),
            last_error=Subquery(tries.values("error")[:1]),
        )
    )
