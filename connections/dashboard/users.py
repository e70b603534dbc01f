"""The list of an environment's users."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from connections.dashboard.filters import UserFilter
from connections.dashboard.names import provider_name
from connections.models import Connection
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from terra_portal import paging


@require_safe
@environment_page()
def users(request: EnvironmentRequest) -> HttpResponse:
    """One row per connection, newest first."""
    form = UserFilter(request.GET)
    found = form.narrow(Connection.objects.for_environment(request.environment))
    page = paging.page(found, request.GET.get("page", ""), by="created_at")
    context = {
        "form": form,
        "rows": [(row, provider_name(row.provider)) for row in page.rows],
        "links": paging.links(page, request.GET),
        "clear_url": address(request, "users"),
        "new_url": address(request, "connect_link_create"),
    }
    return render(request, part(request, "dashboard/users.html", "list"), context)
