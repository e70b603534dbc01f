"""Rotating a destination's signing secret: how long the old one goes on, and the new one once."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.dashboard.destination import one
from developers.dashboard.destination_forms import RotateForm
from developers.dashboard.destinations import spoken
from developers.models import Destination
from developers.states import Role
from developers.webhooks import destinations as verbs
from terra_portal.errors import InvalidInputError


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@environment_page(role=Role.DEVELOPER)
def rotate(request: EnvironmentRequest, destination_id: UUID) -> HttpResponse:
    """Asks how long the old secret goes on; on the answer the new one stands once."""
    found = one(request, destination_id)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            secret = verbs.rotate(found, by=request.user, **form.cleaned_data)
        except InvalidInputError as error:
            form.refuse(error)
        else:
            return _rotated(request, found, secret)
    status = 422 if form.errors else 200
    context = _question(request, found) | {"form": form}
    return render(request, "components/confirm_page.html", context, status=status)


def _rotated(request: EnvironmentRequest, found: Destination, secret: str) -> HttpResponse:
    context = {
        "secret": secret,
        "destination": found,
        "host": spoken(found.url)[0],
        "old_secret_until": verbs.old_secret_until(found),
    }
    return render(request, "dashboard/destination_rotated.html", context)


def _question(request: EnvironmentRequest, found: Destination) -> dict[str, Any]:
    consequences = [
        ("key-round", "A new signing secret is made and shown once, on the next page."),
        ("shield-check", "Until the old one ends, each event carries a signature of both."),
    ]
    if verbs.old_secret_until(found):
        earlier = "The secret before today’s still signs as well. It ends now: two are the most."
        consequences.append(("triangle-alert", earlier))
    return {
        "title": "Rotate the signing secret?",
        "heading": "Rotate the signing secret",
        "text": found.url,
        "consequences": consequences,
        "submit_label": "Rotate it",
        "cancel_label": "Keep it",
        "safe": True,
        "action": request.path,
        "cancel_url": address(request, "destination", destination_id=found.pk),
    }
