"""Users: an environment's connections under the names that Terra gives them."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import Annotated

from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from connections import disconnect, payloads, references
from connections.api.shapes import (
    AllUsers,
    PagedUsers,
    Success,
    UserInfo,
    UsersOfReference,
)
from connections.models import Connection, ConnectionQuerySet
from connections.states import Attention, Door
from developers.api import PROBLEMS, ApiRequest, in_environment
from developers.models import Environment
from developers.rest import ids
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError

CHUNK = 500
LARGEST_PAGE = 1000
EVERYONE = Q()

router = Router(tags=["User"])
router.add_decorator(in_environment)


@router.get(
    "/userInfo",
    response={200: UserInfo | UsersOfReference} | PROBLEMS,
    summary="Look up one user, or everyone under a reference",
)
def user_info(
    request: ApiRequest, user_id: str | None = None, reference_id: str | None = None
) -> HttpResponseBase:
    """One user by `user_id`, or everyone who is connected under a `reference_id`.

    A user whose connection has ended is still answered by `user_id`, as not active.
    """
    if user_id is not None and reference_id is not None:
        raise InvalidInputError("reference_id", "give it or user_id, not both")
    if user_id is not None:
        return _by_id(request.auth.environment, user_id)
    if not reference_id:
        raise InvalidInputError("user_id", "give a user_id or a reference_id")
    under = Q(reference_id=references.clean(reference_id))
    return _streamed('{"status":"success","users":[', request.auth.environment, under)


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

    A page holds at most 1000.
    """
    if page is None:
        return _streamed('{"users":[', request.auth.environment)
    return _page(request.auth.environment, page, min(per_page, LARGEST_PAGE))


@router.delete(
    "/auth/deauthenticateUser",
    response={200: Success} | PROBLEMS,
    summary="Disconnect one user",
    tags=["Authentication"],
)
def deauthenticate_user(request: ApiRequest, user_id: str) -> HttpResponse:
    """Ends a user's connection; the webhook `deauth` follows."""
    key = request.auth
    try:
        disconnect.end(
            ids.read(user_id),
            environment=key.environment,
            door=Door.API,
            actor=f'API key "{key.name}"',
        )
    except Connection.DoesNotExist:
        raise Http404("user not found") from None
    return JsonResponse({"status": "success"})


def _by_id(environment: Environment, user_id: str) -> HttpResponse:
    users = Connection.objects.for_environment(environment)
    connection = users.filter(pk=ids.read(user_id)).first()
    if connection is None:
        raise Http404("user not found")
    readable = connection.is_active and connection.attention != Attention.NEEDS_REAUTH
    user = payloads.user(connection) | {"last_polled_at": None, "most_recent_data_at": None}
    return JsonResponse({"status": "success", "is_authenticated": readable, "user": user})


def _page(environment: Environment, page: int, size: int) -> HttpResponse:
    users = _connected(environment)
    last = max(users.count() - 1, 0) // size
    results = users[page * size : (page + 1) * size] if page <= last else users.none()
    data = {
        "next": page + 1 if page < last else None,
        "max_page": last,
        "results": [payloads.user(connection) for connection in results],
    }
    return JsonResponse({"data": data})


def _streamed(opening: str, environment: Environment, under: Q = EVERYONE) -> StreamingHttpResponse:
    """A list of any length in constant memory; no read outlives its chunk.

    The first chunk is read before the answer begins, so that what fails can still say so.
    """
    chunks = _chunks(environment, under)
    first = next(chunks)
    body = chain([opening, first], chunks, ["]}"])
    return StreamingHttpResponse(body, content_type="application/json")


def _chunks(environment: Environment, under: Q) -> Iterator[str]:
    after: Connection | None = None
    while True:
        rows = _read(environment, under, after)
        text = ",".join(json.dumps(payloads.user(row)) for row in rows)
        yield f",{text}" if after and text else text
        if len(rows) < CHUNK:
            return
        after = rows[-1]


def _read(environment: Environment, under: Q, after: Connection | None) -> list[Connection]:
    # The generator runs after the view has returned, outside of the scope that it entered.
    with tenancy.environment(environment.id):
        users = _connected(environment).filter(under)
        if after:
            later = Q(created_at__gt=after.created_at) | Q(pk__gt=after.pk)
            users = users.filter(later, created_at__gte=after.created_at)
        return list(users[:CHUNK])


def _connected(environment: Environment) -> ConnectionQuerySet:
    users = Connection.objects.for_environment(environment).active()
    return users.order_by("created_at", "pk")
