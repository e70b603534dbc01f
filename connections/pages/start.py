"""One click on a wearable: off to its maker's own page."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from connections import connect
from connections.models import ConnectSession
from connections.pages import landing, policy
from connections.pages.access import hosted, open_link
from terra_portal import tenancy

# The callback and the finishing page read it; no other page of the portal ever sees it.
COOKIE_PATH = "/connect/"


@require_POST
@open_link
def start(request: HttpRequest, token: str, session: ConnectSession, provider: str) -> HttpResponse:
    """Begins an attempt that this browser alone can finish without being asked."""
    return _begin(request, session, provider)


@require_POST
@hosted
def again(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Once more after an attempt that came to nothing, for the browser that made it."""
    arrived = connect.resume(attempt_id, cookies=request.COOKIES)
    if arrived.attempt is None or arrived.step not in landing.CAME_TO_NOTHING:
        return landing.land(request, arrived)
    with tenancy.environment(arrived.attempt.environment_id):
        return _begin(request, arrived.attempt.session, arrived.attempt.provider)


def _begin(request: HttpRequest, session: ConnectSession, provider: str) -> HttpResponse:
    try:
        begun = connect.begin(session, provider)
    except connect.CannotBeginError as cannot:
        return landing.closed(request, session, cannot.reason)
    response = policy.away(begun.authorize_url)
    for name in connect.cookies_to_drop(request.COOKIES):
        response.delete_cookie(name, path=COOKIE_PATH, samesite="Lax")
    _keep(response, begun)
    return policy.let_forms_reach(
        response, [begun.authorize_url, *landing.return_addresses(session)]
    )


def _keep(response: HttpResponse, begun: connect.Begun) -> None:
    response.set_cookie(
        begun.cookie_name,
        begun.cookie_value,
        max_age=settings.CONNECT_ATTEMPT_SECONDS,
        path=COOKIE_PATH,
        secure=settings.OVER_TLS,
        httponly=True,
        samesite="Lax",
    )
