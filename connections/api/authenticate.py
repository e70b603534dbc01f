"""A person whom the company sends to the provider without a link of the portal."""

from typing import Annotated

from django.http import HttpResponse, JsonResponse
from ninja import Query, Router

from connections import authenticate
from connections.api.shapes import AuthenticateUser, BegunUser
from developers.api import PROBLEMS, ApiRequest, in_environment
from terra_portal.errors import InvalidInputError

router = Router(tags=["Authentication"])
router.add_decorator(in_environment)

Resource = Annotated[str | None, Query(examples=["FITBIT"])]


@router.post(
    "/auth/authenticateUser",
    response={200: BegunUser} | PROBLEMS,
    summary="Make the address at which one person authorises one provider",
)
def authenticate_user(
    request: ApiRequest, resource: Resource = None, body: AuthenticateUser | None = None
) -> HttpResponse:
    """`resource` in the query, or in the body as older clients send it.

    `auth_url` is the provider's own page. Whoever comes back from it confirms on a page that names
    the company; then a user with this `user_id` is there. Until then it is nobody's, and where
    nothing comes of it the webhook `auth_cancelled` says why.
    """
    wanted = body or AuthenticateUser()
    begun = authenticate.begin(
        request.auth.environment,
        _one_of(resource, wanted.resource),
        reference_id=wanted.reference_id or "",
        language=wanted.language or "",
        success_url=wanted.auth_success_redirect_url or "",
        failure_url=wanted.auth_failure_redirect_url or "",
    )
    lasts = begun.attempt.expires_at - begun.attempt.created_at
    return JsonResponse(
        {
            "status": "success",
            "user_id": str(begun.attempt.user_id),
            "auth_url": begun.authorize_url,
            "expires_in": round(lasts.total_seconds()),
        }
    )


def _one_of(in_query: str | None, in_body: str | None) -> str:
    """Both places may name the provider, but not two providers."""
    names = [name.strip() for name in (in_query, in_body) if name and name.strip()]
    if len({name.casefold() for name in names}) > 1:
        raise InvalidInputError("resource", "the query and the body name different providers")
    return names[0] if names else ""
