"""The question to a browser that did not begin the attempt: is this really yours?"""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from connections import connect
from connections.pages import landing, policy
from connections.pages.access import hosted

CONFIRMED_COOKIE = "portal_confirmed"


@require_POST
@hosted
def confirm(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Takes the answer; the one-time token of the page that asked is the only authority."""
    token = request.POST.get("confirm_token", "")
    answer = connect.confirm if request.POST.get("answer") == "yes" else connect.decline
    arrived = answer(attempt_id, token=token)
    response = landing.land(request, arrived)
    if arrived.step == "waiting":
        _remember(response, attempt_id, token)
    if arrived.attempt is None:
        return response
    return policy.let_forms_reach(response, landing.return_addresses(arrived.attempt.session))


def _remember(response: HttpResponse, attempt_id: UUID, token: str) -> None:
    """For the finishing page of this attempt alone, which else would not know this browser."""
    response.set_cookie(
        CONFIRMED_COOKIE,
        token,
        max_age=settings.CONFIRM_SECONDS,
        path=reverse("connect_finishing", args=[attempt_id]),
        secure=settings.OVER_TLS,
        httponly=True,
        samesite="Lax",
    )
