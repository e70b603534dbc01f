"""Connect links: what became of them, making one, withdrawing one."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from connections import clients, links
from connections.dashboard.link_form import LinkForm
from connections.dashboard.names import provider_name
from connections.models import ConnectSession
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address, part
from developers.states import Role
from terra_portal import clock, paging
from terra_portal.errors import InvalidInputError


@require_safe
@environment_page()
def connect_links(request: EnvironmentRequest) -> HttpResponse:
    """Newest first, each with how far it came."""
    sessions = ConnectSession.objects.for_environment(request.environment)
    found = sessions.select_related("created_by")
    page = paging.page(found, request.GET.get("page", ""), by="created_at")
    now = clock.now()
    context = {
        "rows": [_row(session, now) for session in page.rows],
        "links": paging.links(page, request.GET),
        "new_url": address(request, "connect_link_create"),
    }
    return render(request, part(request, "dashboard/connect_links.html", "list"), context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@environment_page(role=Role.DEVELOPER)
def create(request: EnvironmentRequest) -> HttpResponse:
    """The form; on its answer the new link stands once, and nowhere after."""
    data = request.POST if request.method == "POST" else None
    initial = {"reference_id": request.GET.get("reference_id", "")[:512]}
    form = LinkForm(data, initial=initial, offers=clients.offered(request.environment))
    context = {"form": form, "links_url": address(request, "connect_links")}
    if form.is_valid():
        try:
            made, url = links.open_session(
                request.environment, created_by=request.user, **form.cleaned_data
            )
        except InvalidInputError as error:
            form.refuse(error)
        else:
            context |= {"made": made, "url": url}
            return render(request, "dashboard/connect_links_made.html", context)
    status = 422 if form.errors else 200
    return render(request, "dashboard/connect_links_create.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.DEVELOPER)
def cancel(request: EnvironmentRequest, link_id: UUID) -> HttpResponse:
    """Asks first; the answer to the form withdraws the link."""
    sessions = ConnectSession.objects.for_environment(request.environment)
    session = get_object_or_404(sessions.select_related("environment__company"), pk=link_id)
    back = address(request, "connect_links")
    if session.closed_because(clock.now()):
        messages.info(request, "This link was already closed.")
        return redirect(back)
    if request.method == "POST":
        links.cancel(session, by=request.user)
        messages.success(request, "The link is withdrawn. Whoever opens it reads that.")
        return redirect(back)
    context = {
        "title": f"Cancel the link for {session.reference_id or 'a person without reference'}?",
        "heading": "Cancel a connect link",
        "text": "Nobody can begin on it any more. People who are connected stay connected.",
        "submit_label": "Cancel the link",
        "action": request.path,
        "cancel_url": back,
    }
    return render(request, "components/confirm_page.html", context)


def _row(session: ConnectSession, now: datetime) -> dict[str, object]:
    return {
        "session": session,
        "state": state(session, now),
        "open": session.closed_because(now) is None,
        "providers": ", ".join(provider_name(code) for code in session.providers),
    }


def state(session: ConnectSession, at: datetime) -> str:
    """How far the link came: connected, cancelled, expired, opened or not opened."""
    if session.connected_at:
        return "connected"
    if session.cancelled_at:
        return "cancelled"
    if session.expires_at <= at:
        return "expired"
    return "opened" if session.opened_at else "not_opened"
