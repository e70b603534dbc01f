"""Subscriptions: everyone who is connected, streamed or in pages."""

from typing import Annotated

from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from connections import counting, payloads
from connections.api import bookmarks, lists
from connections.api.shapes import AllUsers, PagedUsers
from connections.models import Connection
from developers.api import PROBLEMS, ApiRequest, in_environment
from developers.models import ApiKey

LARGEST_PAGE = 1000

router = Router(tags=["User"])
router.add_decorator(in_environment)


@router.get(
    "/subscriptions",
    response={200: AllUsers | PagedUsers} | PROBLEMS,
    summary="List everyone who is connected",
)
def subscriptions(
    request: ApiRequest,
    page: Annotated[int | None, Query(ge=0)] = None,
    per_page: Annotated[int, Query(ge=1)] = 500,
) -> HttpResponseBase:
    """Everyone who is connected, first come first; in pages where `page` is given.

    A page holds at most 1000. Follow `next` from page 0 on: users who end meanwhile make nobody
    be passed over, though somebody may come twice.
    """
    if page is None:
        return lists.streamed('{"users":[', request.auth.environment)
    return _page(request.auth, page, min(per_page, LARGEST_PAGE))


def _page(reader: ApiKey, page: int, size: int) -> HttpResponse:
    last_page = max(counting.total(reader.environment) - 1, 0) // size
    # One more than are shown tells whether another page follows.
    found = _read(reader, page, size, last_page)
    shown, more = found[:size], len(found) > size
    if more:
        bookmarks.leave(reader, page=page + 1, size=size, last=shown[-1])
    data = {
        "next": page + 1 if more else None,
        # Who walks in order may need more pages than the users of this moment would fill.
        "max_page": max(last_page, page + more) if shown else last_page,
        "results": [payloads.user(connection) for connection in shown],
    }
    return JsonResponse({"data": data})


def _read(reader: ApiKey, page: int, size: int, last_page: int) -> list[Connection]:
    users = lists.connected(reader.environment)
    bookmark = bookmarks.find(reader, page=page, size=size) if page else None
    if bookmark:
        return list(lists.after(users, *bookmark.key)[: size + 1])
    if page > last_page:
        return []
    return list(users[page * size : (page + 1) * size + 1])
