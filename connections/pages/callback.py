"""Back from the wearable's maker, and the wait where a revoke is still under way."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_GET

from connections import connect
from connections.pages import landing
from connections.pages.access import hosted
from connections.pages.confirm import CONFIRMED_COOKIE

ASK_AGAIN_SECONDS = 2


@require_GET  # a HEAD of a link scanner must not spend the code
@hosted
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """The redirect URI (RFC 6749 §4.1.2). Whatever arrives, the person reads a page of ours."""
    query = request.GET
    arrived = connect.complete(
        provider,
        state=_only(query, "state"),
        code=_only(query, "code"),
        error=_only(query, "error"),
        scope=_only(query, "scope"),
        cookies=request.COOKIES,
    )
    return landing.land(request, arrived)


@require_GET
@hosted
def finishing(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Asks again every two seconds until the attempt has come to its end.

    A browser that did not begin the attempt shows that it is the one that confirmed it.
    """
    arrived = connect.resume(attempt_id, cookies=request.COOKIES)
    confirmed_with = request.COOKIES.get(CONFIRMED_COOKIE, "")
    if arrived.attempt is None and confirmed_with:
        # A token that was used repeats the first outcome, so asking once more changes nothing.
        arrived = connect.confirm(attempt_id, token=confirmed_with)
    return landing.wait(request, arrived, seconds=ASK_AGAIN_SECONDS)


def _only(query: QueryDict, name: str) -> str:
    """A parameter that is there twice is not there at all (RFC 6749 §3.1)."""
    values = query.getlist(name)
    return values[0] if len(values) == 1 else ""
