"""The person ends a connection of theirs, asked once more before it happens."""

from contextlib import suppress
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connections import disconnect
from connections.models import Connection, ConnectSession
from connections.pages import context
from connections.pages.access import nothing_here, open_link
from connections.pages.wearables import display_name, held
from connections.states import Door


@require_http_methods(["GET", "POST"])
@open_link
def manage(
    request: HttpRequest, token: str, session: ConnectSession, user_id: UUID
) -> HttpResponse:
    """GET asks, POST disconnects. What is not shown on this link is not found here either."""
    connection = next((one for one in held(session) if one.pk == user_id), None)
    if connection is None:
        return nothing_here(request)
    if request.method == "POST":
        return _end(connection, session, token)
    shown = context.of(
        session.environment,
        token=token,
        connection=connection,
        wearable=display_name(connection.provider),
    )
    return render(request, "connect/disconnect.html", shown)


def _end(connection: Connection, session: ConnectSession, token: str) -> HttpResponse:
    with suppress(Connection.DoesNotExist):  # somebody was faster: it has ended all the same
        disconnect.end(connection.pk, environment=session.environment, door=Door.HOSTED_PAGE)
    return redirect(f"{reverse('connect', args=[token])}?done=disconnected")
