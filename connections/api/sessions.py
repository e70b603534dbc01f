"""Links: Terra's widget sessions."""

from django.http import HttpResponse, JsonResponse
from ninja import Router

from connections import links
from connections.api.shapes import OpenedSession, WidgetSession
from developers.api import PROBLEMS, ApiRequest, in_environment

router = Router(tags=["Authentication"])
router.add_decorator(in_environment)


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


def _names(providers: str) -> list[str]:
    """`"fitbit, GOOGLE,"` → `["FITBIT", "GOOGLE"]`, as Terra's clients send it."""
    names = (name.strip().casefold().upper() for name in providers.split(","))
    return list(dict.fromkeys(name for name in names if name))
