"""Links: Terra's widget sessions, and what became of each."""

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from ninja import Router
from ninja.errors import HttpError

from connections import links, payloads
from connections.api.shapes import OneSession, OpenedSession, WidgetSession
from connections.models import ConnectAttempt, ConnectSession
from connections.states import AttemptState, CancelReason
from developers.api import PROBLEMS, ApiRequest, Problem, in_environment
from developers.rest import ids
from terra_portal import clock

router = Router(tags=["Authentication"])
router.add_decorator(in_environment)

ONE = "/portal/sessions/{session_id}"
OURS = ["Portal: sessions"]
ATTEMPTS = 50
STATES = {
    CancelReason.SESSION_USED: "connected",
    CancelReason.SESSION_CANCELLED: "cancelled",
    CancelReason.SESSION_EXPIRED: "expired",
}


@router.post(
    "/auth/generateWidgetSession",
    response={200: OpenedSession} | PROBLEMS,
    summary="Make a link on which one person connects a wearable",
)
def generate_widget_session(request: ApiRequest, body: WidgetSession | None = None) -> HttpResponse:
    """Also at `POST /api/widget/session`. With one provider the person does not have to choose."""
    wanted = body or WidgetSession()
    session, url = links.open_session(
        request.auth.environment,
        reference_id=wanted.reference_id or "",
        providers=_names(wanted.providers or ""),
        language=(wanted.language or "").strip().casefold(),
        success_url=wanted.auth_success_redirect_url or "",
        failure_url=wanted.auth_failure_redirect_url or "",
        show_disconnect=bool(wanted.show_disconnect),
    )
    lasts = session.expires_at - session.created_at
    return JsonResponse(
        {
            "status": "success",
            "session_id": str(session.id),
            "url": url,
            "expires_in": round(lasts.total_seconds()),
        }
    )


@router.get(
    ONE, response={200: OneSession} | PROBLEMS, summary="Look up what became of a link", tags=OURS
)
def get_session(request: ApiRequest, session_id: str) -> dict[str, Any]:
    """By the `session_id` that its making answered, or `widget_session_id` of a webhook.

    Its attempts newest first, at most 50.
    """
    return {"session": _shown(_mine(request, session_id))}


@router.post(
    f"{ONE}/cancel",
    response={200: OneSession, 410: Problem} | PROBLEMS,
    summary="Withdraw a link",
    tags=OURS,
)
def cancel_session(request: ApiRequest, session_id: str) -> dict[str, Any]:
    """Nobody connects on it any more; the webhook `auth_cancelled` follows.

    One that is withdrawn already stays so; one that was used or has expired answers 410.
    """
    links.cancel(_mine(request, session_id))
    session = _mine(request, session_id)
    if session.cancelled_at is None:
        closed = session.closed_because(clock.now())
        raise HttpError(410, f"the session is over: {closed}")
    return {"session": _shown(session)}


def _mine(request: ApiRequest, session_id: str) -> ConnectSession:
    """Raises Http404 alike for one that is unknown and another environment's."""
    mine = ConnectSession.objects.for_environment(request.auth.environment)
    session = mine.filter(pk=ids.read(session_id)).first()
    if session is None:
        raise Http404("session not found")
    return session


def _shown(session: ConnectSession) -> dict[str, Any]:
    closed = session.closed_because(clock.now())
    attempts = session.attempts.order_by("-created_at", "-pk")[:ATTEMPTS]
    return {
        "session_id": session.pk,
        "state": STATES[closed] if closed else "open",
        "reference_id": session.reference_id or None,
        "providers": session.providers,
        "created_at": payloads.timestamp(session.created_at),
        "expires_at": payloads.timestamp(session.expires_at),
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def _attempt(attempt: ConnectAttempt) -> dict[str, Any]:
    """Until it has ended it is `started`: how far it is may depend on other companies."""
    connected = attempt.state == AttemptState.CONNECTED
    return {
        "provider": attempt.provider,
        "state": attempt.state if attempt.is_finished else AttemptState.STARTED,
        "reason": attempt.reason or None,
        "user_id": attempt.user_id if connected else None,
        "created_at": payloads.timestamp(attempt.created_at),
    }


def _names(providers: str) -> list[str]:
    """`"fitbit, GOOGLE,"` → `["FITBIT", "GOOGLE"]`, as Terra's clients send it."""
    names = (name.strip().casefold().upper() for name in providers.split(","))
    return list(dict.fromkeys(name for name in names if name))
