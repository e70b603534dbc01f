"""What every operation of the REST API shares: credentials, the error body, request ids.

The operations are added by whoever owns their subject; this side knows none of them.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NoReturn

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema
from ninja.security import APIKeyHeader

from developers import api_keys, audit
from developers.models import ApiKey
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError, TooSoonError

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponseBase]

ABOUT = """
Terra's REST API, served by your own portal: point Terra's client at this base URL.

Send the environment's `dev-id` and one of its API keys as `x-api-key` with every request. Each
answer carries a `terra-reference`, which names the request in the portal's log. Errors are
problem details (RFC 9457) that also hold Terra's earlier `status` and `message`.

What Terra has no operation for is under `/v2/portal`: destinations of webhooks, their events, and
sending them again. Lists there are read in pages: `next` of one is the `cursor` of the following.
"""
PROBLEM_JSON = "application/problem+json"
CREDENTIALS = ("dev-id", "x-api-key")
TITLES = {
    400: "bad request",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    405: "method not allowed",
    410: "gone",
    413: "content too large",
    429: "too many requests",
    500: "internal server error",
    501: "not implemented",
}


class ApiRequest(HttpRequest):
    """A request whose credentials were right."""

    auth: ApiKey


class Problem(Schema):
    """RFC 9457's members, and Terra's earlier `status` and `message`."""

    status: str = "error"
    message: str
    type: str = "about:blank"
    title: str
    instance: str
    detail: str


# What an operation that asks for credentials, and takes something, may answer instead.
PROBLEMS = {400: Problem, 401: Problem, 404: Problem}


class PortalAPI(NinjaAPI):
    """ninja's, with what its OpenAPI document cannot say: two headers together, problem+json."""

    def get_openapi_schema(self, **how: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**how)
        header = {"type": "apiKey", "in": "header"}
        document["components"]["securitySchemes"] = {
            name: header | {"name": name} for name in CREDENTIALS
        }
        for item in document["paths"].values():
            for operation in item.values():
                _complete(operation)
        return document


def _complete(operation: dict[str, Any]) -> None:
    if "security" in operation:
        operation["security"] = [{name: [] for name in CREDENTIALS}]
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            answer["content"] = {PROBLEM_JSON: answer["content"]["application/json"]}


class Credentials(APIKeyHeader):
    """`x-api-key` beside `dev-id`; an absent one and a wrong one are both 401."""

    param_name = "x-api-key"

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey:
        dev_id = request.headers.get("dev-id")
        if not dev_id or not key:
            raise AuthenticationError(message="dev-id or x-api-key headers are missing")
        with tenancy.system("who is asking"):
            found = api_keys.authenticate(dev_id, key)
        if found is None:
            raise AuthenticationError(message="dev-id and x-api-key do not belong together")
        return found


api = PortalAPI(
    title="Terra Portal API",
    version="2",
    description=ABOUT,
    urls_namespace="api",
    auth=Credentials(),
    docs=Swagger(settings={"defaultModelsExpandDepth": 0}),
)


def in_environment(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Runs an operation on behalf of the environment whose key was shown."""

    @wraps(operation)
    def inside(request: ApiRequest, *args: Any, **values: Any) -> Any:
        key = request.auth
        with tenancy.environment(key.environment_id), audit.acting(f'API key "{key.name}"'):
            return operation(request, *args, **values)

    return inside


def answered(view: View) -> View:
    """A view of the API: for machines, never cached, with a reference, errors in one form."""

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        response = _in_form(request, view, *args, **values)
        response["terra-reference"] = str(uuid.uuid4())
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


def mounted(patterns: Sequence[URLPattern | URLResolver]) -> dict[str, View]:
    """Makes each view of the API `answered`; returns them by name."""
    views: dict[str, View] = {}
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            pattern.callback = views[str(pattern.name)] = answered(pattern.callback)
    return views


def unknown(request: HttpRequest) -> NoReturn:
    raise Http404


def problem(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """The one error body, which clients of both Terra generations read."""
    body = Problem(message=detail, title=TITLES[status], instance=request.path, detail=detail)
    return JsonResponse(body.model_dump(), status=status, content_type=PROBLEM_JSON)


def _in_form(request: HttpRequest, view: View, *args: Any, **values: Any) -> HttpResponseBase:
    try:
        response = view(request, *args, **values)
    except Http404:
        return problem(request, 404, "there is nothing at this address")
    if response.status_code == 405:
        refused = problem(request, 405, f"{request.method} is not possible here")
        refused["Allow"] = response["Allow"]
        return refused
    return response


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, error.status_code, error.message)


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, 404, str(error) or "not found")


@api.exception_handler(InvalidInputError)
def _invalid(request: HttpRequest, error: InvalidInputError) -> HttpResponse:
    return problem(request, 400, str(error))


@api.exception_handler(TooSoonError)
def _too_soon(request: HttpRequest, error: TooSoonError) -> HttpResponse:
    """RFC 6585, 4: 429, with the seconds to wait."""
    refused = problem(request, 429, str(error))
    refused["Retry-After"] = str(error.wait_seconds)
    return refused


@api.exception_handler(ValidationError)
def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Names the first field that does not fit; never repeats what was sent."""
    first = error.errors[0]
    names = [part for part in first["loc"] if isinstance(part, str)]
    return problem(request, 400, f"{names[-1]}: {first['msg']}")


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(request, 413, "the body is too large")


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(request, 500, "something went wrong on our side")
