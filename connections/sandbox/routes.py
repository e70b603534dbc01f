"""The addresses of a personality, and the door before each of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt

from . import failures
from .dials import FAILING
from .refusal import Refusal

if TYPE_CHECKING:
    from .personality import Personality


@dataclass(frozen=True)
class Route:
    """One method at one address; ``path`` begins with the real host and may capture, as in Django.

    ``kind`` is its name in the log of calls (none: not logged). It fails as the dial
    ``<kind>_answer`` says, or as ``dial`` does where that is given. Where one address means
    several things, ``action`` is the parameter of that name that this one answers to.
    """

    method: str
    path: str
    view: Callable[..., HttpResponse]
    kind: str = ""
    dial: str = ""
    action: str = ""

    @property
    def failing(self) -> str:
        named = self.dial or f"{self.kind}_answer"
        return named if named in FAILING else ""


def hosts(personality: "Personality") -> list[str]:
    """The real hosts that it stands in for."""
    paths = [*personality.authorize_paths, *(route.path for route in personality.routes())]
    first = dict.fromkeys(one.partition("/")[0] for one in paths)
    return [host for host in first if "." in host]


def urlpatterns(personality: "Personality") -> list[URLPattern]:
    """Its addresses; whatever else is asked for under its hosts is not found, in its own words."""
    grouped: dict[str, list[Route]] = {}
    for route in personality.routes():
        grouped.setdefault(route.path, []).append(route)
    found = [path(one, _door(personality, routes)) for one, routes in grouped.items()]
    rest = [path(f"{host}/<path:rest>", _door(personality, ())) for host in hosts(personality)]
    return [*found, *rest]


def _door(personality: "Personality", routes: Sequence[Route]) -> Callable[..., HttpResponse]:
    @csrf_exempt
    def answer(request: HttpRequest, **captured: Any) -> HttpResponse:
        try:
            route = _meant(request, routes)
        except Refusal as refused:
            return personality.refuse(refused)
        return failures.answer(request, personality, route, captured)

    return answer


def _meant(request: HttpRequest, routes: Sequence[Route]) -> Route:
    """Raises ``Refusal``: ``not_found``, ``method_not_allowed`` or ``unknown_action``."""
    if not routes:
        raise Refusal("not_found", status=404)
    meant = [route for route in routes if route.method == request.method]
    if not meant:
        raise Refusal("method_not_allowed", status=405)
    action = failures.parameter(request, "action") if any(one.action for one in meant) else ""
    for route in meant:
        if route.action in ("", action):
            return route
    raise Refusal("unknown_action", status=404)
