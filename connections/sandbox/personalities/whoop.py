"""WHOOP's API v2. https://developer.whoop.com/docs/developing/oauth/

It tells nobody of a revocation: its webhooks speak of new data alone. A refused token is answered
in plain text, also where only a scope is missing: the specification knows no 403.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from ..failures import Caller
from ..models import Account, App, Consent
from ..personality import Auth, Personality, Pkce
from ..refusal import Refusal
from ..routes import Route

OFFLINE = "offline"
SHORTEST_STATE = 8
PER_MINUTE, PER_DAY = 100, 10_000
REFUSED = "Authorization was not valid"
WORDS = {
    "invalid_grant": (
        "The provided authorization grant (e.g., authorization code, resource owner credentials) "
        "or refresh token is invalid, expired, revoked, does not match the redirection URI used "
        "in the authorization request, or was issued to another client."
    ),
    "invalid_client": (
        "Client authentication failed (e.g., unknown client, no client authentication included, "
        "or unsupported authentication method)."
    ),
}


class Whoop(Personality):
    id = "whoop"
    name = "WHOOP"
    authorize_paths = ("api.prod.whoop.com/oauth/oauth2/auth",)
    scopes: ClassVar = {
        OFFLINE: "Access while you are away",
        "read:recovery": "Recovery, heart rate variability and resting heart rate",
        "read:cycles": "Day strain and average heart rate",
        "read:workout": "Workouts",
        "read:sleep": "Sleep performance and stages",
        "read:profile": "Name and e-mail",
        "read:body_measurement": "Height, weight and maximum heart rate",
    }
    fixed_scopes = (OFFLINE,)
    scopes_can_be_unticked = False
    pkce = Pkce.IGNORED
    client_auth = frozenset({Auth.BODY})
    defaults: ClassVar = {"access_token_seconds": 3600}
    revoke_ends_all = True

    def routes(self) -> list[Route]:
        host = "api.prod.whoop.com"
        user = f"{host}/developer/v2/user"
        return [
            Route("POST", f"{host}/oauth/oauth2/token", self.token, "token"),
            Route("GET", f"{user}/profile/basic", self.profile, "me"),
            Route("DELETE", f"{user}/access", self.deregister, "revoke"),
        ]

    def account_id(self, account: Account) -> str:
        return str(10_000_000 + self.digest(account) % 90_000_000)

    def check_authorize(self, asked: Mapping[str, Any]) -> str:
        if len(asked["state"] or "") >= SHORTEST_STATE:
            return ""
        return "The state is missing or does not have enough characters."

    def is_offline(self, asked: Any, granted: Sequence[str]) -> bool:
        return OFFLINE in granted

    def gives_refresh_token(self, consent: Consent, asked: Any) -> bool:
        """A refresh that does not ask for ``offline`` again brings none."""
        asks = asked.grant_type != "refresh_token" or OFFLINE in (asked.scope or "").split()
        return consent.offline and asks

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        """The scope of a refresh is the consent's, whatever the refresh asks for."""
        answer = {**tokens, "token_type": "bearer"}
        if "scope" in answer:
            answer["scope"] = consent.scope
        return answer

    def refuse(self, refusal: Refusal) -> HttpResponse:
        if refusal.error in ("invalid_token", "expired_token", "insufficient_scope"):
            return HttpResponse(REFUSED, status=401, content_type="text/plain")
        body = {
            "error": refusal.error,
            "error_description": WORDS.get(refusal.error, refusal.description or refusal.error),
        }
        return JsonResponse(body, status=refusal.status)

    def limits(self, kind: str, *, spent: bool) -> dict[str, str]:
        if kind == "token":
            return {}
        return {
            "X-RateLimit-Limit": (
                f"{PER_MINUTE}, {PER_MINUTE};window=60, {PER_DAY};window={24 * 3600}"
            ),
            "X-RateLimit-Remaining": "0" if spent else str(PER_MINUTE - 1),
            "X-RateLimit-Reset": str(60 - timezone.now().second),
        }

    def profile(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        found = self.bearer(request, caller, "read:profile")
        user_id = int(self.account_id(found.user))
        return JsonResponse(
            {
                "user_id": user_id,
                "email": f"member-{user_id}@whoop.example",
                "first_name": found.user.name,
                "last_name": "",
            }
        )

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        stamp, secret = str(int(time.time() * 1000)), "wrong" if forged else app.client_secret
        signature = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
        return {
            "X-WHOOP-Signature": base64.b64encode(signature).decode(),
            "X-WHOOP-Signature-Timestamp": stamp,
        }


PERSONALITY = Whoop()
