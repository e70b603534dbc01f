"""The one error body, which clients of both Terra generations read, and what becomes one."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils.encoding import escape_uri_path
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError

from developers.rest.limits import OverLimitError
from terra_portal.errors import InvalidInputError, TooSoonError

logger = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"
# Named here where Python's releases differ in the name.
TITLES = {413: "content too large", 422: "unprocessable content"}
NOT_HERE = "there is nothing at this address"
TOO_LARGE = "the body is too large"
OUR_FAULT = "something went wrong on our side"


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


def problem(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """The error body about this request. `detail` is read by whoever sent it."""
    title = TITLES.get(status) or HTTPStatus(status).phrase.lower()
    body = Problem(message=detail, title=title, instance=request.path, detail=detail)
    return JsonResponse(body.model_dump(), status=status, content_type=PROBLEM_JSON)


def refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The status that was raised. What could not be parsed says why in its cause."""
    cause = error.__cause__
    if isinstance(cause, InvalidInputError):
        return invalid(request, cause)
    if isinstance(cause, HttpError):
        error = cause
    return problem(request, error.status_code, error.message)


def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, 404, str(error) or "not found")


def invalid(request: HttpRequest, error: InvalidInputError) -> HttpResponse:
    return problem(request, 400, str(error))


def too_soon(request: HttpRequest, error: TooSoonError) -> HttpResponse:
    """RFC 6585, 4: 429, with the seconds to wait."""
    answer = problem(request, 429, str(error))
    answer["Retry-After"] = str(error.wait_seconds)
    return answer


def malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Names the first field that does not fit; never repeats what was sent."""
    first = error.errors[0]
    names = [part for part in first["loc"] if isinstance(part, str)]
    return problem(request, 400, f"{names[-1]}: {first['msg']}")


def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem(request, 413, TOO_LARGE)


def suspicious(request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    """Django's own bounds: too many parameters, among others."""
    return problem(request, 400, "the request is malformed")


def broken_off(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    return problem(request, 400, "body: it did not arrive whole")


def over_limit(request: HttpRequest, error: OverLimitError) -> HttpResponse:
    return problem(request, 429, str(error))


def failed(request: HttpRequest, error: Exception) -> HttpResponse:
    """The trace goes to the log, beside the reference that the answer carries."""
    logger.error("%s %s failed", request.method, escape_uri_path(request.path), exc_info=error)
    return problem(request, 500, OUR_FAULT)


HANDLERS: dict[type[Exception], Callable[..., HttpResponse]] = {
    HttpError: refused,
    Http404: not_found,
    InvalidInputError: invalid,
    TooSoonError: too_soon,
    ValidationError: malformed,
    RequestDataTooBig: too_large,
    SuspiciousOperation: suspicious,
    UnreadablePostError: broken_off,
    OverLimitError: over_limit,
    Exception: failed,
}


def report_errors(api: NinjaAPI) -> None:
    """Whatever an operation raises is answered in the one form."""
    for kind, handler in HANDLERS.items():
        api.add_exception_handler(kind, handler)
