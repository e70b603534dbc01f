"""The door of the control API: loopback, a key, and JSON objects."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

Asked = dict[str, Any]
Answer = dict[str, Any] | list[Any]
ControlView = Callable[..., Answer]
LOOPBACK = ("127.0.0.1", "::1")


class Missing(Exception):
    """There is no such thing: 404."""


def control(*methods: str) -> Callable[[ControlView], Callable[..., HttpResponse]]:
    """Make a page of ``view(asked, …)``. What it returns is the JSON; ``ValueError`` is a 400."""

    def decorate(view: ControlView) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @require_http_methods(list(methods))
        @wraps(view)
        def answer(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not _may(request):
                return JsonResponse({"error": "forbidden"}, status=403)
            try:
                return JsonResponse(view(_asked(request), **kwargs), safe=False)
            except Missing as missing:
                return JsonResponse({"error": str(missing)}, status=404)
            except (KeyError, TypeError, ValueError) as wrong:
                return JsonResponse({"error": f"{type(wrong).__name__}: {wrong}"}, status=400)

        return answer

    return decorate


def _may(request: HttpRequest) -> bool:
    key = request.headers.get("X-Sandbox-Control", "")
    opens = bool(settings.CONTROL_KEY) and constant_time_compare(key, settings.CONTROL_KEY)
    return opens and request.META.get("REMOTE_ADDR") in LOOPBACK


def _asked(request: HttpRequest) -> Asked:
    """The JSON object of a request with a body; the query of a GET."""
    if request.method == "GET":
        return {**request.GET.dict(), "method": "GET"}
    asked = json.loads(request.body or "{}")
    if not isinstance(asked, dict):
        raise ValueError("a JSON object is needed")
    return {**asked, "method": request.method}
