"""Changing a destination: its address, the types it takes, its headers, its deadline."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.dashboard.destination import one
from developers.dashboard.destination_forms import DestinationForm
from developers.dashboard.destinations import spoken
from developers.states import Role
from developers.webhooks import destinations as verbs
from terra_portal.errors import InvalidInputError


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@environment_page(role=Role.DEVELOPER)
def change(request: EnvironmentRequest, destination_id: UUID) -> HttpResponse:
    """The form, with the values of headers hidden; what is left hidden is kept."""
    found = one(request, destination_id)
    back = address(request, "destination", destination_id=destination_id)
    form = DestinationForm(request.POST if request.method == "POST" else None, destination=found)
    if form.is_valid():
        try:
            verbs.change(found, by=request.user, **form.cleaned_data)
        except InvalidInputError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. It counts from the next attempt on.")
            return redirect(back)
    status = 422 if form.errors else 200
    context = {"form": form, "host": spoken(found.url)[0], "destination_url": back}
    return render(request, "dashboard/destination_settings.html", context, status=status)
