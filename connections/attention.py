"""Tells companies that a connection cannot be read although nobody revoked it."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from connections import grants, payloads
from connections.models import Connection, Grant
from connections.states import Attention
from developers.webhooks.publish import publish
from terra_portal import clock

TOLD_EVERY = timedelta(days=1)


def raise_on(grant_id: UUID, why: Attention, *, version: int) -> None:
    """Marks the grant's connections, if its tokens are still those that `version` names."""
    with transaction.atomic():
        grant = grants.lock(grant_id)[grant_id]
        if grant.version == version:
            mark(grant, why)


def mark(grant: Grant, why: Attention) -> None:
    """Marks its connections, and says `connection_error` at most once a day to each.

    Of a paused one nothing is said; it is after it has been resumed. Runs under the grant's lock.
    """
    now = clock.now()
    rows = Connection.objects.active().on(grant).select_for_update().order_by("pk")
    changed, drafts = [], []
    for connection in rows:
        told = connection.error_told_at
        is_due = not connection.is_paused and (told is None or now - told >= TOLD_EVERY)
        if connection.attention == why and not is_due:
            continue
        connection.attention = why
        changed.append(connection)
        if is_due:
            connection.error_told_at = now
            drafts.append(payloads.connection_error(connection, why.label))
    fields = ["attention", "error_told_at", "last_webhook_update", "sequence"]
    Connection.objects.bulk_update(changed, fields, batch_size=500)
    publish(drafts)


def clear(grant: Grant) -> None:
    """Reading works again. Runs under the grant's lock."""
    Connection.objects.active().on(grant).exclude(attention="").update(attention="")
