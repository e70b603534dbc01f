"""The REST API: where operations are added, and what they share.

The operations are added by whoever owns their subject; this side knows none of them. Errors are
in `developers.rest.problems`, credentials and limits beside it.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NoReturn

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja.errors import HttpError

from developers import audit
from developers.rest import bodies, guides, limits
from developers.rest.credentials import ApiRequest, Credentials
from developers.rest.openapi import ABOUT, DocsPage, PortalAPI
from developers.rest.problems import (
    NOT_HERE,
    PROBLEMS,
    Problem,
    problem,
    refused,
    report_errors,
    too_large,
)
from terra_portal import tenancy

__all__ = [
    "PROBLEMS",
    "ApiRequest",
    "Problem",
    "answered",
    "api",
    "in_environment",
    "mounted",
    "problem",
    "unknown",
]

View = Callable[..., HttpResponseBase]
READ_ONLY = ("openapi-json", "openapi-view")  # ninja's own views, which mind no method

api = PortalAPI(
    title="Terra Portal API",
    version="2",
    description=ABOUT,
    urls_namespace="api",
    auth=Credentials(),
    parser=bodies.StrictParser(),
    docs=DocsPage(),
)
report_errors(api)
api.add_router("", guides.router)


def in_environment(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Runs an operation on behalf of the environment whose key was shown."""

    @wraps(operation)
    def inside(request: ApiRequest, *args: Any, **values: Any) -> Any:
        key = request.auth
        with tenancy.environment(key.environment_id), audit.acting(f'API key "{key.name}"'):
            return operation(request, *args, **values)

    return inside


def answered(view: View) -> View:
    """A view of the API: for machines, errors in one form, and how much of the limit is left."""

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        response = _in_form(request, view, *args, **values)
        if request.method == "HEAD":
            response = _without_body(response)
        for name, value in limits.headers(request).items():
            response[name] = value
        return response

    return answer


def mounted(patterns: Sequence[URLPattern | URLResolver]) -> dict[str, View]:
    """Makes each view of the API `answered`; returns them by name."""
    views: dict[str, View] = {}
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            name, view = str(pattern.name), pattern.callback
            view = require_safe(view) if name in READ_ONLY else view
            pattern.callback = views[name] = answered(view)
    return views


def unknown(request: HttpRequest) -> NoReturn:
    raise Http404


def _in_form(request: HttpRequest, view: View, *args: Any, **values: Any) -> HttpResponseBase:
    asked = request.method
    try:
        bodies.receive(request)
        if asked == "HEAD":
            request.method = "GET"
        response = view(request, *args, **values)
    except Http404:
        return problem(request, 404, NOT_HERE)
    except RequestDataTooBig as error:
        return too_large(request, error)
    except HttpError as error:
        return refused(request, error)
    finally:
        request.method = asked
    if response.status_code == 405:
        return _another_method(request, response["Allow"])
    return response


def _another_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """405, or to OPTIONS the methods that are possible."""
    methods = {"OPTIONS", *allowed.split(", ")}
    if "GET" in methods:
        methods.add("HEAD")
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
    else:
        response = problem(request, 405, f"{request.method} is not possible here")
    response["Allow"] = ", ".join(sorted(methods))
    return response


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    """The same answer to HEAD; a list that would be streamed is not read on.

    The other one is not closed: Django takes that for the end of the request.
    """
    headers = dict(response.headers)
    if isinstance(response, HttpResponse):
        headers["Content-Length"] = str(len(response.content))
    return StreamingHttpResponse((), status=response.status_code, headers=headers)
