"""The doors of the end user's pages: whoever holds the link's token, and nobody's log-in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from connections import links
from connections.pages import landing
from terra_portal import tenancy

View = Callable[..., HttpResponse]


def hosted(view: View) -> Callable[..., HttpResponseBase]:
    """A page for people without an account here: never cached, never framed, no referrer.

    Exempt from the CSRF check on purpose: these pages know no ambient authority that a foreign
    page could ride on. What a POST may do rests on the token that it carries (the link's, or a
    confirmation's), no cookie is made for the check, and under `no-referrer` browsers send
    `Origin: null`, which the check would refuse.
    """

    @wraps(view)
    def shielded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Frame-Options"] = "DENY"
        return response

    return login_not_required(csrf_exempt(never_cache(shielded)))


def open_link(view: View) -> Callable[..., HttpResponseBase]:
    """`view(request, token, session, …)` for a link on which something can still begin.

    An unknown token is a 404 that tells nothing; a closed link says what happened, or goes to
    the session's failure URL.
    """

    @wraps(view)
    def opened(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        session = links.find(token)
        if session is None:
            return nothing_here(request)
        with tenancy.environment(session.environment_id):
            reason = links.visit(session)
            if reason is not None:
                return landing.closed(request, session, reason)
            return view(request, token, session, **kwargs)

    return hosted(opened)


def nothing_here(request: HttpRequest) -> HttpResponse:
    return render(request, "connect/unknown.html", status=404)
