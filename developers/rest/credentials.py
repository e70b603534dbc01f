"""Who is asking: `dev-id` and `x-api-key`, both in any case."""

from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security import APIKeyHeader

from developers import api_keys
from developers.models import ApiKey
from developers.rest import limits
from terra_portal import tenancy

CREDENTIALS = ("dev-id", "x-api-key")


class ApiRequest(HttpRequest):
    """A request whose credentials were right."""

    auth: ApiKey


class Credentials(APIKeyHeader):
    """`x-api-key` beside `dev-id`; an absent one and a wrong one are both 401.

    Only requests that are let in count against the key's limit.
    """

    param_name = "x-api-key"

    def authenticate(self, request: HttpRequest, key: str | None) -> ApiKey:
        dev_id = request.headers.get("dev-id")
        if not dev_id or not key:
            raise AuthenticationError(message="dev-id or x-api-key headers are missing")
        with tenancy.system("who is asking"):
            found = api_keys.authenticate(dev_id, key)
        if found is None:
            raise AuthenticationError(message="dev-id and x-api-key do not belong together")
        limits.spend(request, found)
        return found
