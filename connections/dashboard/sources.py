"""Sources: which wearables people can choose, in which order, and through whose application."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from connections import sources as verbs
from connections.dashboard.sources_rows import rows
from connections.providers import REGISTRY
from connections.providers.phone import PHONE_SOURCES
from developers.access import EnvironmentRequest, environment_page
from developers.dashboard.addresses import address
from developers.states import Role
from terra_portal.errors import InvalidInputError


@require_safe
@environment_page()
def sources(request: EnvironmentRequest) -> HttpResponse:
    """All that the portal knows, in the order in which people are offered them."""
    return render(request, "dashboard/sources.html", _context(request))


@require_POST
@environment_page(role=Role.DEVELOPER)
def switch(request: EnvironmentRequest, provider: str) -> HttpResponse:
    name, on = resource(provider), request.POST.get("on") == "1"
    shown = REGISTRY[name].display_name
    try:
        verbs.switch(request.environment, name, on=on, by=request.user)
    except InvalidInputError as error:
        return _again(request, error.message, bad=True)
    if on:
        return _again(request, f"{shown} is offered from now on.")
    return _again(request, f"{shown} is off. Users who are connected stay connected.")


@require_POST
@environment_page(role=Role.DEVELOPER)
def move(request: EnvironmentRequest, provider: str) -> HttpResponse:
    name = resource(provider)
    up = request.POST.get("direction") == "up"
    place = verbs.move(request.environment, name, up=up, by=request.user)
    return _again(request, f"{REGISTRY[name].display_name} stands at place {place}.")


def resource(slug: str) -> str:
    """The provider of an address; 404 where the portal knows none of that name."""
    for name, maker in REGISTRY.items():
        if maker.id == slug:
            return name
    raise Http404


def _again(request: EnvironmentRequest, said: str, *, bad: bool = False) -> HttpResponse:
    """The list as it is now: in its place for htmx, else the page anew."""
    if not request.htmx:
        messages.add_message(request, messages.ERROR if bad else messages.SUCCESS, said)
        return redirect(address(request, "sources"))
    answer = render(request, "dashboard/sources.html#list", _context(request))
    toast = {"text": said, "tone": "bad" if bad else "ok"}
    answer.headers["HX-Trigger"] = json.dumps({"toast": toast})
    return answer


def _context(request: EnvironmentRequest) -> dict[str, Any]:
    return {
        "rows": rows(request.environment),
        "phone_sources": PHONE_SOURCES,
        "new_url": address(request, "connect_link_create"),
    }
