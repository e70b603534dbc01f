"""Terra's public shapes of users and events. Schemas: Terra's published `TerraUser`, `*Event`."""

from datetime import UTC, datetime
from typing import Any

from connections.models import ConnectAttempt, Connection, ConnectSession
from connections.states import CancelReason, End
from developers.states import EventType
from developers.webhooks.publish import Draft
from terra_portal import clock

VERSION = "2022-03-16"


def timestamp(moment: datetime | None) -> str | None:
    """ISO 8601 with microseconds and offset, as Terra writes it."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def user(connection: Connection) -> dict[str, Any]:
    """Terra's TerraUser. A paused or ended user is not active."""
    return {
        "user_id": str(connection.pk),
        "provider": connection.provider,
        "reference_id": connection.reference_id or None,
        "active": connection.is_active and not connection.is_paused,
        "scopes": ",".join(connection.scopes) or None,
        "last_webhook_update": timestamp(connection.last_webhook_update),
        "created_at": timestamp(connection.created_at),
    }


def auth(connection: Connection, session: ConnectSession, actor: str = "") -> Draft:
    return _draft(
        connection,
        EventType.AUTH,
        status="success",
        message="User has successfully authenticated",
        kind="connected",
        actor=actor,
        widget_session_id=str(session.pk),
        reference_id=connection.reference_id or None,
    )


def auth_cancelled(
    session: ConnectSession, reason: CancelReason, attempt: ConnectAttempt | None = None
) -> Draft:
    """A link came to nothing. It concerns no user, so it counts on none."""
    return Draft(
        environment_id=session.environment_id,
        type=EventType.AUTH_CANCELLED,
        body={
            "type": EventType.AUTH_CANCELLED.value,
            "status": "error",
            "message": reason.label,
            "flow_id": attempt and str(attempt.pk),
            "widget_session_id": str(session.pk),
            "reason": reason.value,
            "reference_id": session.reference_id or None,
            "version": VERSION,
        },
        kind=reason.value,
        actor="",
        reference_id=session.reference_id,
    )


def ended(
    connection: Connection, kind: End, actor: str = "", *, at: datetime | None = None
) -> Draft:
    """`access_revoked` for a revocation at the provider, `deauth` for every other end."""
    if kind == End.REVOKED:
        return _draft(
            connection,
            EventType.ACCESS_REVOKED,
            status="warning",
            message="User revoked access",
            kind=kind.value,
            actor=actor,
            at=at,
        )
    return _draft(
        connection,
        EventType.DEAUTH,
        status="success",
        message="User has deauthenticated",
        kind=kind.value,
        actor=actor,
        at=at,
    )


def user_reauth(old: Connection, new: Connection, kind: End) -> Draft:
    """The same account came back under the same reference; counts on the new user."""
    body = {
        "type": EventType.USER_REAUTH.value,
        "status": "warning",
        "message": "User has reauthenticated and old ID has been deleted",
        "version": VERSION,
        "old_user": user(old),
        "new_user": user(new),
    }
    return _counted(new, EventType.USER_REAUTH, body, kind=kind.value)


def permission_change(connection: Connection, *, before: list[str], after: list[str]) -> Draft:
    return _draft(
        connection,
        EventType.PERMISSION_CHANGE,
        status="warning",
        message="User permissions have been modified",
        kind="permission_change",
        actor="",
        scopes_added=",".join(scope for scope in after if scope not in before),
        scopes_removed=",".join(scope for scope in before if scope not in after),
    )


def connection_error(connection: Connection, message: str) -> Draft:
    return _draft(
        connection,
        EventType.CONNECTION_ERROR,
        status="warning",
        message=message,
        kind=connection.attention,
        actor="",
    )


def _draft(
    connection: Connection,
    event_type: EventType,
    *,
    status: str,
    message: str,
    kind: str,
    actor: str,
    at: datetime | None = None,
    **extra: object,
) -> Draft:
    body = {
        "type": event_type.value,
        "status": status,
        "message": message,
        "version": VERSION,
        "user": user(connection),
        **extra,
    }
    return _counted(connection, event_type, body, kind=kind, actor=actor, at=at)


def _counted(
    connection: Connection,
    event_type: EventType,
    body: dict[str, Any],
    *,
    kind: str,
    actor: str = "",
    at: datetime | None = None,
) -> Draft:
    """Draws the connection's next sequence and moment; the caller, under its lock, stores both.

    A clock that was set back does not date an event before the one that came before it.
    """
    at = at or clock.now()
    last = connection.last_webhook_update
    connection.sequence += 1
    connection.last_webhook_update = max(at, last) if last else at
    return Draft(
        environment_id=connection.environment_id,
        type=event_type,
        body=body,
        subject_id=connection.pk,
        sequence=connection.sequence,
        kind=kind,
        actor=actor,
        reference_id=connection.reference_id,
        at=connection.last_webhook_update,
    )
