"""An environment's settings."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from developers import environments
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.forms import SettingsForm
from developers.states import Role
from terra_portal.errors import InvalidInputError


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page()
def environment_settings(request: EnvironmentRequest) -> HttpResponse:
    """Every member reads them; admins change them."""
    if request.method == "POST":
        return _changed(request)
    form = SettingsForm(environment=request.environment)
    return render(request, "dashboard/settings.html", {"form": form})


def _changed(request: EnvironmentRequest) -> HttpResponse:
    if not request.membership.may(Role.ADMIN):
        raise PermissionDenied
    form = SettingsForm(request.POST, environment=request.environment)
    if form.is_valid():
        try:
            environments.update(request.environment, by=request.user, **form.settings)
        except InvalidInputError as error:
            form.refuse(error)
        else:
            messages.success(request, "Saved. Links made from now on follow it.")
            return redirect(address(request, "environment_settings"))
    return render(request, "dashboard/settings.html", {"form": form}, status=422)
