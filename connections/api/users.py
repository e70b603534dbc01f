"""Users: an environment's connections under the names that Terra gives them."""

from typing import Annotated

from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from ninja import Body, Router
from pydantic import StrictStr

from connections import disconnect, modify, payloads, references
from connections.api import lists
from connections.api.shapes import (
    ChangedUser,
    Success,
    TerraUser,
    UserChange,
    UserInfo,
    UsersOfReference,
)
from connections.models import Connection
from connections.states import Attention, Door
from developers.api import PROBLEMS, ApiRequest, in_environment
from developers.models import Environment
from developers.rest import ids
from terra_portal.errors import InvalidInputError

LARGEST_BULK = 1000

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
    return lists.streamed('{"status":"success","users":[', request.auth.environment, under)


@router.post(
    "/bulkUserInfo",
    response={200: list[TerraUser]} | PROBLEMS,
    summary="Look up many users at once",
)
def bulk_user_info(
    request: ApiRequest,
    user_ids: Annotated[list[StrictStr], Body(max_length=LARGEST_BULK)],
) -> HttpResponse:
    """Each user once, in the order asked, also those whose connection has ended.

    At most 1000 ids. Whoever is not a user of this environment is left out.
    """
    asked = dict.fromkeys(ids.read(user_id) for user_id in user_ids)
    found = Connection.objects.for_environment(request.auth.environment).in_bulk(list(asked))
    users = [payloads.user(found[user_id]) for user_id in asked if user_id in found]
    return JsonResponse(users, safe=False)


@router.patch("/users/{user_id}", response={200: ChangedUser} | PROBLEMS, summary="Change one user")
def modify_user(request: ApiRequest, user_id: str, body: UserChange) -> HttpResponse:
    """Renames a connected user, pauses or resumes them.

    A paused user stays connected, and nothing is sent of them but that the connection has ended.
    400 where another user of the same wearable account has the reference.
    """
    try:
        connection = modify.modify(
            ids.read(user_id),
            environment=request.auth.environment,
            reference_id=body.reference_id,
            active=body.active,
        )
    except Connection.DoesNotExist:
        raise Http404("user not found") from None
    return JsonResponse({"status": "success", "user": payloads.user(connection)})


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
    try:
        connection = users.get(pk=ids.read(user_id))
    except Connection.DoesNotExist:
        raise Http404("user not found") from None
    readable = connection.is_active and connection.attention != Attention.NEEDS_REAUTH
    user = payloads.user(connection) | {"last_polled_at": None, "most_recent_data_at": None}
    return JsonResponse({"status": "success", "is_authenticated": readable, "user": user})
