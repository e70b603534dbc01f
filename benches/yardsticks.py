"""Views that do the least, under the portal's own server and middleware. No part of the portal."""

import resource
import sys
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from connections import payloads
from connections.models import Connection

# As `ru_maxrss` counts: kilobytes, on macOS bytes.
UNIT = 1 if sys.platform == "darwin" else 1024


@login_not_required
def by_key(request: HttpRequest) -> JsonResponse:
    """The yardstick: BEGIN, one read by primary key, COMMIT, and what userInfo answers."""
    with transaction.atomic():
        user = Connection.objects.get(pk=request.GET["user_id"])
    return JsonResponse(shown(payloads.user(user)))


@login_not_required
def without_begin(request: HttpRequest) -> JsonResponse:
    return JsonResponse(shown(payloads.user(Connection.objects.get(pk=request.GET["user_id"]))))


@login_not_required
def bare(request: HttpRequest) -> JsonResponse:
    return JsonResponse(shown(ANYBODY))


@login_not_required
def peak(request: HttpRequest) -> JsonResponse:
    """The most memory that this process has had at once, in bytes."""
    return JsonResponse({"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT})


def shown(user: dict[str, Any]) -> dict[str, Any]:
    polled = {"last_polled_at": None, "most_recent_data_at": None}
    return {"status": "success", "is_authenticated": True, "user": user | polled}


ANYBODY = {
    "user_id": "0b5e8a5e-6a3c-4f5e-9d41-7c2f3b0a9e11",
    "provider": "SANDBOX",
    "reference_id": "person-000000001",
    "active": True,
    "scopes": "activity,heartrate,profile,sleep",
    "last_webhook_update": None,
    "created_at": "2026-01-01T00:00:00.000000+00:00",
}

urlpatterns = [
    path("bench/by-key", by_key),
    path("bench/without-begin", without_begin),
    path("bench/bare", bare),
    path("bench/peak", peak),
    path("", include("terra_portal.urls")),
]
