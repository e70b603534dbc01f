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
    ``<kind>_answer`` says, or as ``dial`` does where that is given.
    """

    method: str
    path: str
    view: Callable[..., HttpResponse]
    kind: str = ""
    dial: str = ""

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
    by_method = {route.method: route for route in routes}

    @csrf_exempt
    def answer(request: HttpRequest, **captured: Any) -> HttpResponse:
        route = by_method.get(request.method or "")
        if route is None:
            status = 405 if by_method else 404
            refused = Refusal("method_not_allowed" if by_method else "not_found", status=status)
            return personality.refuse(refused)
        return failures.answer(request, personality, route, captured)

    return answer
