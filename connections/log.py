"""The revocation log as it is read: of one environment, newest first, told alike everywhere."""

from django.db.models import F

from connections.models import Revocation, RevocationDetail
from connections.payloads import timestamp
from connections.states import End
from developers.models import Environment, EnvironmentQuerySet
from developers.states import EventType

# What lists sort and narrow by, whichever of the two tables leads to the rows.
BY = "listed_at"
COLUMNS = (
    "id",
    "user_id",
    "reference_id",
    "provider",
    "kind",
    "door",
    "event",
    "connected_at",
    "occurred_at",
    "recorded_at",
    "actor",
    "evidence",
    "erased_at",
)


def entries(environment: Environment, *, reference_id: str = "") -> EnvironmentQuerySet[Revocation]:
    """The environment's rows with their details, or only those under a reference.

    Each has `listed_at`, when it was recorded. Under a reference it is read from the detail,
    whose index has the rows in this order: a page costs the same however many there are.
    """
    rows = Revocation.objects.for_environment(environment).select_related("detail")
    if not reference_id:
        return rows.annotate(listed_at=F("recorded_at"))
    named = rows.filter(detail__environment=environment, detail__reference_id=reference_id)
    return named.annotate(listed_at=F("detail__recorded_at"))


def told(entry: Revocation) -> dict[str, str | None]:
    """One row as answers and files tell it. What was erased, or never was, is null."""
    detail: RevocationDetail = getattr(entry, "detail", None) or RevocationDetail()
    return {
        "id": str(entry.pk),
        "user_id": str(entry.user_id),
        "reference_id": detail.reference_id or None,
        "provider": entry.provider,
        "kind": entry.kind,
        "door": entry.door,
        "event": event(entry.kind).value,
        "connected_at": timestamp(entry.connected_at),
        "occurred_at": timestamp(entry.occurred_at),
        "recorded_at": timestamp(entry.recorded_at),
        "actor": detail.actor or None,
        "evidence": detail.evidence or None,
        "erased_at": timestamp(detail.erased_at),
    }


def event(kind: str) -> EventType:
    """The webhook that tells of this kind of end."""
    if kind == End.REVOKED:
        return EventType.ACCESS_REVOKED
    return EventType.USER_REAUTH if kind in {End.REPLACED, End.MOVED} else EventType.DEAUTH
