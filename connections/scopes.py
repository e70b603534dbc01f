"""What a connection may read: its own consent, as far as the grant still carries it."""

from django.db.models import QuerySet

from connections import payloads
from connections.models import Connection, Grant
from developers.webhooks.publish import publish


def effective(consented: list[str], granted: list[str]) -> list[str]:
    """A consent elsewhere can shrink a connection's scopes, never widen them."""
    return [scope for scope in consented if scope in granted]


def follow(grant: Grant) -> int:
    """The grant's scopes may have changed: tells each company whose user's scopes did.

    Not of a paused user. Runs in the transaction of that change, under the grant's lock.
    """
    rows: QuerySet[Connection] = Connection.objects.active().on(grant)
    changed, drafts = [], []
    for connection in rows.select_for_update().order_by("pk"):
        before, after = connection.scopes, effective(connection.consented_scopes, grant.scopes)
        if set(before) == set(after):
            continue
        connection.scopes = after
        changed.append(connection)
        if not connection.is_paused:
            drafts.append(payloads.permission_change(connection, before=before, after=after))
    Connection.objects.bulk_update(
        changed, ["scopes", "sequence", "last_webhook_update"], batch_size=500
    )
    publish(drafts)
    return len(changed)
