"""How sending goes, as charts: for the page of events and for that of a destination.

A page gives its template the answer of `sending` and includes `dashboard/sending.html`.
"""

from typing import Any

from developers.access import EnvironmentRequest
from developers.models import Destination, Environment
from developers.webhooks import figures
from terra_portal import ranges


def sending(request: EnvironmentRequest, about: Environment | Destination) -> dict[str, Any]:
    """The last 7 days, or the 30 that the address asks for by `?days=30`."""
    asked = request.GET.get("days", "")
    days = next((days for days in figures.RANGES if str(days) == asked), figures.USUAL)
    found = figures.of(about, days)
    return {
        "sending": found,
        "sending_bucket": "Hour" if found.within.step == ranges.HOUR else "Day",
        "sending_tabs": [
            (_turned(request, each), words, each == days)
            for each, (words, *_) in figures.RANGES.items()
        ],
    }


def _turned(request: EnvironmentRequest, days: int) -> str:
    kept = request.GET.copy()
    kept["days"] = str(days)
    return "?" + kept.urlencode()
