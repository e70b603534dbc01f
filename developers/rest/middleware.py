"""What happens around every request below /v2 and /api, whichever part answers it."""

import logging
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.encoding import escape_uri_path

from developers.rest.problems import OUR_FAULT, problem
from terra_portal import request_reference

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]
OURS = re.compile(r"^/(?:v2|api)(?:/|$)")


class ApiMiddleware:
    """A `terra-reference` for each answer, and the one form for errors of outside the API.

    The outermost one: a wrong host name, for one, is refused before any view is asked.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not OURS.match(request.path_info):
            request_reference.begin(named=False)
            return self.get_response(request)
        reference = request_reference.begin(named=True)
        response = _in_form(request, self.get_response(request))
        response["terra-reference"] = reference
        response.headers.setdefault("Cache-Control", "no-store")
        path = escape_uri_path(request.path)
        logger.info("%s %s %s", request.method, path, response.status_code)
        return response


def _in_form(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Django's own error pages are for people."""
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if response.status_code < 400 or not is_page:
        return response
    return _told(request, response.status_code)


def _told(request: HttpRequest, status: int) -> HttpResponse:
    said = "the request is malformed, or its host name is not the portal's"
    return problem(request, status, said if status < 500 else OUR_FAULT)
