from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from .. import personalities, revocation
from ..models import App, Consent
from .sign_in import whose


@login_required
@require_safe
def connected(request: HttpRequest) -> HttpResponse:
    consents = Consent.objects.live().filter(account=whose(request)).select_related("app")
    rows = [(consent, personalities.of(consent.app)) for consent in consents.order_by("-pk")]
    context = {"rows": rows, "native": personalities.NATIVE}
    return render(request, "sandbox/connected.html", context)


@login_required
@require_POST
def revoke(request: HttpRequest, app_id: int) -> HttpResponse:
    """The person takes back what they allowed this app."""
    app = get_object_or_404(App, pk=app_id)
    if revocation.by_person(whose(request), app):
        messages.success(request, f"{app} has no access any more.")
    return redirect("connected")


@login_required
@require_POST
def permissions(request: HttpRequest, app_id: int) -> HttpResponse:
    """The person ticks and unticks what this app may read, where the company allows that."""
    app = get_object_or_404(App, pk=app_id)
    try:
        changed = revocation.change_permissions(whose(request), app, request.POST.getlist("scope"))
    except ValueError as refused:
        messages.error(request, str(refused))
        return redirect("connected")
    if changed:
        messages.success(request, f"The permissions of {app} are changed.")
    return redirect("connected")
