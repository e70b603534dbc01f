"""Destinations: the list, and a new one with its signing secret shown once."""

from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard import destination_health
from developers.dashboard.addresses import address, part
from developers.dashboard.destination_forms import DestinationForm
from developers.models import Destination, EnvironmentQuerySet
from developers.states import Role
from developers.webhooks import destinations as verbs
from terra_portal import paging
from terra_portal.errors import InvalidInputError


def current(request: EnvironmentRequest) -> EnvironmentQuerySet[Destination]:
    """The environment's destinations that have not been removed."""
    return Destination.objects.for_environment(request.environment).filter(removed_at=None)


def spoken(url: str) -> tuple[str, str]:
    """An address as people tell it apart: the host, and what comes after it."""
    parts = urlsplit(url)
    return parts.netloc, url.partition(parts.netloc)[2]


@require_safe
@environment_page()
def destinations(request: EnvironmentRequest) -> HttpResponse:
    """Newest first, each with what came of its deliveries in the last seven days."""
    page = paging.page(current(request), request.GET.get("page", ""), by="created_at")
    healths = destination_health.of(page.rows)
    context = {
        "rows": [(row, healths[row.pk], *spoken(row.url)) for row in page.rows],
        "links": paging.links(page, request.GET),
        "new_url": address(request, "destination_create"),
    }
    return render(request, part(request, "dashboard/destinations.html", "list"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@environment_page(role=Role.DEVELOPER)
def create(request: EnvironmentRequest) -> HttpResponse:
    """The form; on its answer the signing secret stands once, and nowhere after."""
    form = DestinationForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "destinations_url": address(request, "destinations")}
    if form.is_valid():
        try:
            made, secret = verbs.add(request.environment, by=request.user, **form.cleaned_data)
        except InvalidInputError as error:
            form.refuse(error)
        else:
            context |= {"made": made, "secret": secret}
            return render(request, "dashboard/destinations_made.html", context)
    status = 422 if form.errors else 200
    return render(request, "dashboard/destinations_create.html", context, status=status)
