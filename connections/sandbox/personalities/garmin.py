"""Garmin's Health API. Garmin Connect Developer Program: OAuth2 PKCE specification, Start Guide.

Notices: deregistrations, also after the client's own, and changes of permissions. They carry no
signature, only the id of the client that is meant.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from ..failures import Caller
from ..models import Account, App, Consent
from ..models.consent import End
from ..notices import Told
from ..personality import Auth, Personality
from ..refusal import Refusal
from ..routes import Route

REFRESH_SECONDS = 7_775_998
# The token answer's scope is the application's; a person ticks permissions.
PARTNER_SCOPE = "PARTNER_WRITE PARTNER_READ CONNECT_READ CONNECT_WRITE"
NOBODY = "00000000-0000-0000-0000-000000000000"


class Garmin(Personality):
    id = "garmin"
    name = "Garmin"
    authorize_paths = ("connect.garmin.com/oauth2Confirm",)
    scopes: ClassVar = {
        "ACTIVITY_EXPORT": "Activities",
        "HEALTH_EXPORT": "Daily health stats",
        "WORKOUT_IMPORT": "Put workouts into the calendar",
        "COURSE_IMPORT": "Put courses onto the device",
        "MCT_EXPORT": "Women's health",
        "HISTORICAL_DATA_EXPORT": "Historical data",
    }
    redirect_uri_optional = True
    client_auth = frozenset({Auth.BODY})
    defaults: ClassVar = {
        "access_token_seconds": 86_400,
        "refresh_token_seconds": REFRESH_SECONDS,
    }
    revoke_ends_all = True
    permissions_can_change = True

    def routes(self) -> list[Route]:
        user = "apis.garmin.com/wellness-api/rest/user"
        token = "diauth.garmin.com/di-oauth2-service/oauth/token"  # noqa: S105 - an address
        return [
            Route("POST", token, self.token, "token"),
            Route("GET", f"{user}/id", self.user_id, "me"),
            Route("GET", f"{user}/permissions", self.permissions, "permissions"),
            Route("DELETE", f"{user}/registration", self.deregister, "revoke"),
        ]

    def account_id(self, account: Account) -> str:
        return f"{self.digest(account):064x}"[:32]

    def authorize_query(self, asked: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """There is no scope: the person is asked for all permissions."""
        return [(name, value) for name, value in asked if name != "scope"]

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        answer = {**tokens, "token_type": "bearer", "jti": str(uuid.uuid4())}
        if "scope" in answer:
            answer["scope"] = PARTNER_SCOPE
        if "refresh_token" in answer:
            answer["refresh_token_expires_in"] = int(self.dials().refresh_token_seconds)
        return answer

    def explain(self, refusal: Refusal, form: Mapping[str, str]) -> str:
        if refusal.error != "invalid_grant":
            return refusal.description
        if form.get("grant_type") == "refresh_token":
            return f"Invalid refresh token: {form.get('refresh_token', '')}"
        return "Invalid authorization code."

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The token endpoint speaks OAuth; the API behind it has a form of its own."""
        if refusal.error in ("invalid_token", "expired_token"):
            return _api_error(401, "Unauthorized", "Token is not active")
        if refusal.status in (404, 405):
            return _api_error(refusal.status, refusal.error, "There is no such resource")
        return super().refuse(refusal)

    # What a token opens

    def user_id(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        return JsonResponse({"userId": self.account_id(self.bearer(request, caller).user)})

    def permissions(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        return JsonResponse(self.bearer(request, caller).consent.scopes, safe=False)

    # Notices

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        user_id = self.account_id(consents[0].account)
        return [Told(json.dumps({"deregistrations": [{"userId": user_id}]}))]

    def tells_permissions(self, consent: Consent) -> list[Told]:
        change = {
            "userId": self.account_id(consent.account),
            "summaryId": f"x-{uuid.uuid4().hex[:12]}",
            "permissions": consent.scopes,
            "changeTimeInSeconds": int(timezone.now().timestamp()),
        }
        return [Told(json.dumps({"userPermissionsChange": [change]}))]

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        return {"garmin-client-id": NOBODY if forged else str(app.client_id)}

    def is_heard(self, status: int) -> bool:
        return status == 200


def _api_error(status: int, error: str, message: str) -> HttpResponse:
    body = {"status": status, "error": error, "message": message}
    return JsonResponse(body, status=status)


PERSONALITY = Garmin()
