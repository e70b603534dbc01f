"""What happens around every request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect

GetResponse = Callable[[HttpRequest], HttpResponse]


class CanonicalHostMiddleware:
    """Sends readers of another host name to the public one: cookies and OAuth live there.

    Machines (API, hooks, health) are served under any allowed host.
    """

    MACHINES = ("/v2/", "/api/", "/hooks/", "/healthz")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        elsewhere = request.get_host() != settings.PUBLIC_HOST
        if elsewhere and request.method in {"GET", "HEAD"} and not self._machine(request.path):
            return HttpResponsePermanentRedirect(settings.PUBLIC_BASE_URL + request.get_full_path())
        return self.get_response(request)

    def _machine(self, path: str) -> bool:
        return path.startswith(self.MACHINES)


class HtmxLoginMiddleware:
    """An htmx request that meets the login page moves the whole page there, not a fragment."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.headers.get("HX-Request") == "true" and response.status_code in {301, 302}:
            moved = HttpResponse(status=204)
            moved["HX-Redirect"] = response["Location"]
            moved.cookies = response.cookies
            return moved
        return response
