"""One call of an app: answered well, or as a provider does on a bad day if a dial says so."""

import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError

from . import dials
from .models import Call
from .refusal import Refusal

if TYPE_CHECKING:
    from .personality import Personality
    from .routes import Route

HUGE = 3 * 1024 * 1024
UNFIT = (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError)


@dataclass
class Caller:
    """Who called, as far as the view finds out; written to the log of calls."""

    client_id: str = ""
    account: str = ""
    grant_type: str = ""


def parameter(request: HttpRequest, name: str) -> str:
    """What the form says under that name, or else the query; empty if neither can be read."""
    try:
        return request.POST.get(name) or request.GET.get(name, "")
    except UNFIT:
        return ""


def answer(
    request: HttpRequest, personality: "Personality", route: "Route", captured: dict[str, Any]
) -> HttpResponse:
    """Obey the route's dial and log the call under its kind."""
    dial = dials.take(route.failing) if route.failing else "normal"
    caller = Caller()
    effect = dial in ("normal", "drop_after") or dials.slow_seconds(dial) is not None
    if effect:
        response = _answer(request, personality, route, caller, captured)
    else:
        response = _failure(dial, personality, route)
    for name, value in personality.limits(route.kind, spent=dial == "429").items():
        response.headers.setdefault(name, value)
    lost = dial in ("drop", "drop_after")
    if route.kind:
        Call.objects.create(
            personality=personality.id,
            kind=route.kind,
            dial=dial,
            effect=effect,
            status=None if lost else response.status_code,
            **vars(caller),
        )
    time.sleep(dials.slow_seconds(dial) or 0)
    if lost:
        _hang_up(request)
    return response


def _answer(
    request: HttpRequest,
    personality: "Personality",
    route: "Route",
    caller: Caller,
    captured: dict[str, Any],
) -> HttpResponse:
    try:
        return route.view(request, caller, **captured)
    except Refusal as refusal:
        return _refuse(refusal, personality, route)
    except RequestDataTooBig:
        too_large = Refusal("invalid_request", "too large", status=413)
        return _refuse(too_large, personality, route)
    except UNFIT:
        return _refuse(Refusal("invalid_request", "unreadable"), personality, route)


def _refuse(refusal: Refusal, personality: "Personality", route: "Route") -> HttpResponse:
    refusal.kind = route.kind
    return personality.refuse(refusal)


def _failure(dial: str, personality: "Personality", route: "Route") -> HttpResponse:
    if dial in ("html", "500", "503"):
        status = 200 if dial == "html" else int(dial)
        return HttpResponse("<!doctype html><title>Down for maintenance</title>", status=status)
    if dial in ("403", "410", "429"):
        return personality.turn_away(int(dial), route.kind)
    if dial in ("invalid_client", "invalid_grant", "invalid_token"):
        return _refuse(Refusal(dial), personality, route)
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
