"""Recoveries: everything that was given up since a time is sent again, in the background."""

from typing import Any

from django.http import Http404
from ninja import Router, Status

from developers.api import PROBLEMS, ApiRequest, in_environment
from developers.models import Recovery
from developers.rest import ids
from developers.rest.destinations import one_destination
from developers.rest.pages import CursorText, PerPage, page
from developers.rest.shapes import NewRecovery, OneRecovery, Recoveries
from developers.webhooks import resend

router = Router(tags=["Portal: recoveries"])
router.add_decorator(in_environment)


@router.post(
    "/recoveries", response={201: OneRecovery} | PROBLEMS, summary="Send again what was given up"
)
def start_recovery(request: ApiRequest, body: NewRecovery) -> Status[dict[str, Any]]:
    """Of all that happened since a time: at one destination, or at every one that is not removed.

    The work is done in the background; look the recovery up to see how far it is.
    """
    # An empty id is nobody's, and not every destination: that would be far more than was meant.
    named = body.destination_id is not None
    about = one_destination(request, body.destination_id or "") if named else None
    started = resend.recover(request.auth.environment, since=body.since, destination=about)
    return Status(201, {"recovery": started})


@router.get("/recoveries", response={200: Recoveries} | PROBLEMS, summary="List recoveries")
def list_recoveries(
    request: ApiRequest, cursor: CursorText = "", per_page: PerPage = 50
) -> dict[str, Any]:
    """Newest first, each with its progress."""
    rows = Recovery.objects.for_environment(request.auth.environment)
    found, following = page(rows, cursor, by="created_at", size=per_page)
    return {"recoveries": found, "next": following}


@router.get(
    "/recoveries/{recovery_id}",
    response={200: OneRecovery} | PROBLEMS,
    summary="Look up a recovery and its progress",
)
def get_recovery(request: ApiRequest, recovery_id: str) -> dict[str, Any]:
    rows = Recovery.objects.for_environment(request.auth.environment)
    found = rows.filter(pk=ids.read(recovery_id)).first()
    if found is None:
        raise Http404("recovery not found")
    return {"recovery": found}
