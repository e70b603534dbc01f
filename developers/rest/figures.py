"""How sending goes over time: the share of attempts that arrive, and how long they take."""

from datetime import datetime
from typing import Annotated, Any

from ninja import Query, Router

from developers.api import PROBLEMS, ApiRequest, in_environment
from developers.rest.destinations import one_destination
from developers.rest.shapes import SendingFigures
from developers.webhooks import figures
from developers.webhooks.figures import Slice
from terra_portal.errors import InvalidInputError

router = Router(tags=["Portal: figures"])
router.add_decorator(in_environment)

Days = Annotated[int, Query(description="7, by the hour, or 30, by the day (UTC).")]


@router.get(
    "/figures", response={200: SendingFigures} | PROBLEMS, summary="Success rate and latency"
)
def sending_figures(
    request: ApiRequest, days: Days = figures.USUAL, destination_id: str | None = None
) -> dict[str, Any]:
    """Of the environment, or of one destination: in all, and for each hour or day with attempts."""
    if days not in figures.RANGES:
        raise InvalidInputError("days", "7 or 30")
    about = request.auth.environment
    named = destination_id is not None
    found = figures.of(one_destination(request, destination_id or "") if named else about, days)
    return {
        "since": found.within.start,
        "newest_only": found.newest or None,
        "total": _shown(found.whole) if found.whole else None,
        "parts": [_part(at, found.slices[at]) for at in sorted(found.slices)],
    }


def _part(at: datetime, part: Slice) -> dict[str, Any]:
    return {"start": at, **_shown(part)}


def _shown(part: Slice) -> dict[str, Any]:
    return {
        "attempts": part.made,
        "arrived": part.arrived,
        "success_rate": part.rate,
        "median_ms": part.median,
        "p95_ms": part.slow,
    }
