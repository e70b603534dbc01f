"""Tokens for apps on phones."""

from django.http import HttpResponse, JsonResponse
from ninja import Router

from connections import auth_tokens
from connections.api.shapes import IssuedToken
from developers.api import ApiRequest, Problem, in_environment

router = Router(tags=["Authentication"])
router.add_decorator(in_environment)


@router.post(
    "/auth/generateAuthToken",
    response={200: IssuedToken, 401: Problem},
    summary="Make a token for an app on a phone",
)
def generate_auth_token(request: ApiRequest) -> HttpResponse:
    """For one use within 180 seconds.

    It waits for the sources on the phone: until the portal reads them, nothing takes the token.
    """
    _, text = auth_tokens.issue(request.auth.environment)
    lasts = round(auth_tokens.LASTS.total_seconds())
    return JsonResponse({"status": "success", "token": text, "expires_in": lasts})
