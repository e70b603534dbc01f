"""Where a person ends up: the company's own address, or our page that says what happened."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connections import connect, links
from connections.connect import Landing
from connections.models import ConnectAttempt, ConnectSession
from connections.pages import context, policy
from connections.pages.wearables import authorize_url, display_name
from connections.states import CancelReason
from terra_portal import clock, tenancy

GONE = 410
# An attempt that has ended without a connection; "again" is told to the person alone.
CAME_TO_NOTHING = {"failed", "again"}


def land(request: HttpRequest, landing: Landing) -> HttpResponse:
    """The answer to each step that a callback, a confirmation or a wait can come to."""
    attempt = landing.attempt
    if attempt is None or landing.step == "unknown":
        return render(request, "connect/lost.html", status=400)
    with tenancy.environment(attempt.environment_id):
        if landing.step == "confirm":
            return _ask(request, attempt, landing.confirm_token)
        if landing.step == "waiting":
            return redirect("connect_finishing", attempt.pk)
        return _result(request, attempt, again=landing.step == "again")


def wait(request: HttpRequest, landing: Landing, *, seconds: int) -> HttpResponse:
    """The finishing page, which asks again by itself, or the end that has been reached.

    The header says what a refresh in the page's head would say, to readers without JavaScript.
    """
    if landing.attempt is None or landing.step != "waiting":
        return land(request, landing)
    with tenancy.environment(landing.attempt.environment_id):
        page = render(request, "connect/finishing.html", _about(landing.attempt))
    page["Refresh"] = str(seconds)
    return page


def closed(request: HttpRequest, session: ConnectSession, reason: CancelReason) -> HttpResponse:
    """Nothing can begin on this link: off to the failure URL, or one sentence."""
    url = links.return_url(session, reason=reason)
    if url:
        return policy.away(url)
    shown = context.of(session.environment, reason=reason)
    return render(request, "connect/closed.html", shown, status=GONE)


def _ask(request: HttpRequest, attempt: ConnectAttempt, token: str) -> HttpResponse:
    page = render(request, "connect/confirm.html", _about(attempt) | {"confirm_token": token})
    return policy.let_forms_reach(page, return_addresses(attempt.session))


def _result(request: HttpRequest, attempt: ConnectAttempt, *, again: bool) -> HttpResponse:
    reason = CancelReason(attempt.reason) if attempt.reason else None
    url = "" if again else links.return_url(attempt.session, attempt=attempt, reason=reason)
    if url:
        return policy.away(url)
    # Only the browser that began the attempt may begin another one without the link.
    retry = bool(reason) and connect.cookie_name(attempt) in request.COOKIES
    still_open = attempt.session.closed_because(clock.now()) is None
    more = {"reason": reason, "again": again, "may_retry": retry and still_open}
    page = render(request, "connect/result.html", _about(attempt) | more)
    return policy.let_forms_reach(
        page, [authorize_url(attempt.oauth_client), *return_addresses(attempt.session)]
    )


def _about(attempt: ConnectAttempt) -> dict[str, Any]:
    environment = attempt.session.environment
    return context.of(environment, attempt=attempt, wearable=display_name(attempt.provider))


def return_addresses(session: ConnectSession) -> list[str]:
    return [session.success_url, session.failure_url]
