"""Answers that a provider gives on a bad day, chosen by a dial."""

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from . import dials
from .models import Call

HUGE = 3 * 1024 * 1024


@dataclass
class Caller:
    """Who called, as far as the view finds out; written to the log of calls."""

    client_id: str = ""
    account: str = ""
    grant_type: str = ""


CallerView = Callable[[HttpRequest, Caller], HttpResponse]
View = Callable[[HttpRequest], HttpResponse]


def logged(kind: str) -> Callable[[CallerView], View]:
    """Obey the dial ``<kind>_answer`` and log the call under its kind."""

    def decorate(view: CallerView) -> View:
        @wraps(view)
        def answer(request: HttpRequest) -> HttpResponse:
            dial = dials.take(f"{kind}_answer")
            caller = Caller()
            effect = dial in ("normal", "drop_after") or dials.slow_seconds(dial) is not None
            response = view(request, caller) if effect else _failure(dial)
            lost = dial in ("drop", "drop_after")
            Call.objects.create(
                kind=kind,
                dial=dial,
                effect=effect,
                status=None if lost else response.status_code,
                **vars(caller),
            )
            time.sleep(dials.slow_seconds(dial) or 0)
            if lost:
                _hang_up(request)
            return response

        return answer

    return decorate


def _failure(dial: str) -> HttpResponse:
    if dial in ("html", "500", "503"):
        status = 200 if dial == "html" else int(dial)
        return HttpResponse("<!doctype html><title>Down for maintenance</title>", status=status)
    if dial in ("403", "410", "429"):
        return JsonResponse({"error": dial}, status=int(dial), headers={"Retry-After": "1"})
    if dial in ("invalid_client", "invalid_grant", "invalid_token"):
        return JsonResponse({"error": dial}, status=400 if dial == "invalid_grant" else 401)
    if dial == "redirect":
        return HttpResponseRedirect("/")
    if dial == "huge":
        body = json.dumps({"access_token": "x", "user_id": "x", "padding": "x" * HUGE})
        return HttpResponse(body, content_type="application/json")
    body = "{not json" if dial == "garbage" else ""
    return HttpResponse(body, content_type="application/json")


def _hang_up(request: HttpRequest) -> None:
    """Close the connection under the answer. The server puts its socket into the environ."""
    connection = request.META.get("sandbox.connection")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
