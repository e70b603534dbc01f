"""One user: what was agreed, what happened since, and letting go."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from connections import disconnect as disconnecting
from connections.dashboard import causes
from connections.dashboard.names import provider_name, scope_name
from connections.dashboard.timeline import timeline
from connections.models import Connection, Revocation
from connections.states import Attention, Door
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.states import Role
from terra_portal import clock

# On a shared application a company is never told more than this, whatever is true upstream.
LETTING_GO = (
    "We stop using it at once; the authorisation at the provider is removed "
    "when nothing here needs it."
)
ALSO_SHOWN = 10


@require_safe
@environment_page()
def user(request: EnvironmentRequest, user_id: UUID) -> HttpResponse:
    """The user's facts and history, and the environment's other users of the same reference."""
    connection = found(request, user_id)
    log = Revocation.objects.for_environment(request.environment).select_related("detail")
    revocation = log.filter(user_id=connection.id).first()
    context = {
        "connection": connection,
        "provider": provider_name(connection.provider),
        "scopes": [scope_name(scope) for scope in connection.scopes],
        "attention": Attention(connection.attention).label if connection.attention else "",
        "revocation": revocation,
        "what": causes.sentence(revocation.kind, revocation.door) if revocation else "",
        "moments": timeline(connection, revocation),
        "lived": (connection.ended_at or clock.now()) - connection.created_at,
        "also": _also(connection),
        "users_url": address(request, "users"),
        "new_url": address(request, "connect_link_create"),
        "disconnect_url": address(request, "user_disconnect", user_id=connection.id),
        "reference_url": address(request, "user_reference", user_id=connection.id),
        "switch_url": address(request, _switch(connection), user_id=connection.id),
        "letting_go": LETTING_GO,
    }
    return render(request, "dashboard/user.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@environment_page(role=Role.DEVELOPER)
def disconnect(request: EnvironmentRequest, user_id: UUID) -> HttpResponse:
    """Asks first; the answer to the form ends the connection."""
    connection = found(request, user_id)
    back = address(request, "user", user_id=connection.id)
    if request.method == "POST":
        _let_go(request, connection)
        return redirect(back)
    if not connection.is_active:
        messages.info(request, "This user is no longer connected.")
        return redirect(back)
    name = connection.reference_id or str(connection.id)
    context = {
        "title": f"Disconnect {provider_name(connection.provider)} of {name}?",
        "heading": "Disconnect a user",
        "text": LETTING_GO,
        "consequences": [
            ("zap", "Your destinations get the event deauth."),
            ("scroll-text", "The revocation log gets a row with your name."),
            ("link", "To come back, the person needs a new connect link and gets a new user_id."),
        ],
        "submit_label": "Disconnect",
        "action": request.path,
        "cancel_url": back,
    }
    return render(request, "components/confirm_page.html", context)


def _let_go(request: EnvironmentRequest, connection: Connection) -> None:
    try:
        disconnecting.end(
            connection.id,
            environment=request.environment,
            door=Door.DASHBOARD,
            actor=request.user.email,
        )
    except Connection.DoesNotExist:
        messages.info(request, "This user was no longer connected.")
    else:
        messages.success(request, f"Disconnected. {LETTING_GO}")


def found(request: EnvironmentRequest, user_id: UUID) -> Connection:
    """The environment's own user; anybody else's is as unknown as none at all."""
    own = Connection.objects.for_environment(request.environment).select_related("environment")
    return get_object_or_404(own, pk=user_id)


def _switch(connection: Connection) -> str:
    return "user_resume" if connection.is_paused else "user_pause"


def _also(connection: Connection) -> list[tuple[Connection, str]]:
    if not connection.reference_id:
        return []
    others = (
        Connection.objects.for_environment(connection.environment)
        .filter(reference_id=connection.reference_id)
        .exclude(pk=connection.pk)
        .order_by("-created_at", "-id")[:ALSO_SHOWN]
    )
    return [(other, provider_name(other.provider)) for other in others]
