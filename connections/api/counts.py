"""Counts: how many users there are. Of this portal's own, not Terra's."""

from typing import Any

from ninja import Router

from connections import counting
from connections.api.shapes import Counts
from connections.models import Connection
from developers.api import PROBLEMS, ApiRequest, in_environment

router = Router(tags=["Portal: users"])
router.add_decorator(in_environment)


@router.get("/counts", response={200: Counts, 401: PROBLEMS[401]}, summary="Count the users")
def counts(request: ApiRequest) -> dict[str, Any]:
    """Everyone who is connected, in all and by provider, and who of them is paused or in need.

    It takes as long for a million users as for ten.
    """
    environment = request.auth.environment
    users = Connection.objects.for_environment(environment)
    by_provider = counting.by_provider(environment)
    return {
        "total": by_provider.total(),
        "by_provider": dict(sorted(by_provider.items())),
        "needing_attention": users.in_need().count(),
        "paused": users.paused().count(),
    }
