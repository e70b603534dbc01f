"""Strava's API v3. https://developers.strava.com/docs/authentication/, …/docs/webhooks/

An athlete and an application have one lineage of tokens. What was ticked stands in the redirect.
Errors name resource, field and code; a scope that is missing is a 401 as well. Whether events are
signed is not settled: here they are for an application that registered a notice secret.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .. import protocol, revocation
from ..failures import Caller
from ..models import Account, App, Consent, Subscription
from ..models.consent import End
from ..notices import Told
from ..personality import Auth, Personality, Pkce
from ..reach import is_address, reach
from ..refusal import Refusal
from ..routes import Route

HOST = "www.strava.com"
LONGEST_CALLBACK = 255
MESSAGES = {
    400: "Bad Request",
    401: "Authorization Error",
    404: "Record Not Found",
    405: "Method Not Allowed",
}
# Resource, field and code by OAuth's word for the error.
NAMED = {
    "invalid_client": ("Application", "", "invalid"),
    "unauthorized_client": ("Application", "", "invalid"),
    "invalid_grant": ("RefreshToken", "refresh_token", "invalid"),
    "invalid_token": ("Athlete", "access_token", "invalid"),
    "expired_token": ("Athlete", "access_token", "invalid"),
    "not_found": ("resource", "path", "invalid"),
}


class Strava(Personality):
    id = "strava"
    name = "Strava"
    authorize_paths = (f"{HOST}/oauth/authorize", f"{HOST}/oauth/mobile/authorize")
    scopes: ClassVar = {
        "read": "Public profile, segments, routes and clubs",
        "read_all": "Private routes, segments and events",
        "profile:read_all": "Whole profile",
        "profile:write": "Change weight and zones",
        "activity:read": "Activities that followers see",
        "activity:read_all": "All activities, private ones too",
        "activity:write": "Create and change activities",
    }
    scope_separator = ","
    redirect_uri_optional = True
    pkce = Pkce.IGNORED
    client_auth = frozenset({Auth.BODY})
    revoke_auth = frozenset({Auth.BASIC})
    one_lineage = True
    tells_retry_after = False
    defaults: ClassVar = {
        "access_token_seconds": 21_600,
        "second_consent_kills": False,
        "refresh_kills_access": False,
    }
    revoke_ends_all = True

    def routes(self) -> list[Route]:
        api, pushes = f"{HOST}/api/v3", f"{HOST}/api/v3/push_subscriptions"
        return [
            Route("POST", f"{HOST}/oauth/token", self.token, "token"),
            Route("POST", f"{api}/oauth/token", self.token, "token"),
            Route("POST", f"{HOST}/oauth/revoke", self.revoke, "revoke"),
            Route("POST", f"{HOST}/oauth/deauthorize", self.deauthorize, "revoke"),
            Route("GET", f"{api}/athlete", self.athlete, "me"),
            Route("GET", f"{api}/athlete/activities", self.activities, "activities"),
            Route("GET", pushes, self.subscriptions, "subscribe"),
            Route("POST", pushes, self.subscribe, "subscribe"),
            Route("DELETE", f"{pushes}/<int:key>", self.unsubscribe, "subscribe"),
        ]

    def account_id(self, account: Account) -> str:
        return str(1_000_000 + self.digest(account) % 200_000_000)

    # Authorise

    def allows_redirect_uri(self, app: App, uri: str) -> bool:
        """Only the domain has to be the registered one."""
        domains = {urlsplit(one).hostname for one in app.redirect_uri_list}
        return is_address(uri) and urlsplit(uri).hostname in domains

    def redirect_extras(self, granted: Sequence[str]) -> dict[str, str]:
        return {"scope": ",".join(granted)}

    # Tokens

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        """The athlete comes with a code, not with a refresh; the scope with neither."""
        answer = {name: value for name, value in tokens.items() if name != "scope"}
        answer["expires_at"] = int(time.time()) + int(tokens["expires_in"])
        return answer if refreshed else {**answer, "athlete": self._shown(consent.account)}

    def explain(self, refusal: Refusal, form: Mapping[str, str]) -> str:
        """The resource that a refused grant is named by."""
        if refusal.error != "invalid_grant" or form.get("grant_type") == "refresh_token":
            return ""
        return "AuthorizationCode"

    def refuse(self, refusal: Refusal) -> HttpResponse:
        resource, field, code = NAMED.get(refusal.error, ("Application", refusal.error, "invalid"))
        status = refusal.status
        if refusal.error == "invalid_grant" and refusal.description == "AuthorizationCode":
            resource, field = "AuthorizationCode", "code"
        if refusal.error == "insufficient_scope":
            resource, field, code = "AccessToken", f"{refusal.description}_permission", "missing"
            status = 401
        if refusal.error == "push_subscription":
            resource, field, code = "PushSubscription", "callback url", refusal.description
        body = {
            "message": MESSAGES.get(status, "Bad Request"),
            "errors": [{"resource": resource, "field": field, "code": code}],
        }
        return JsonResponse(body, status=status)

    def limits(self, kind: str, *, spent: bool) -> dict[str, str]:
        if kind in ("token", "revoke"):
            return {}
        return {
            "X-RateLimit-Limit": "200,2000",
            "X-RateLimit-Usage": "201,201" if spent else "1,1",
            "X-ReadRateLimit-Limit": "100,1000",
            "X-ReadRateLimit-Usage": "101,101" if spent else "1,1",
        }

    # What a token opens

    def athlete(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        return JsonResponse(self._shown(self.bearer(request, caller, "read").user))

    def activities(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        found = self.bearer(request, caller)
        if not {"activity:read", "activity:read_all"} & set(found.consent.scopes):
            raise Refusal("insufficient_scope", "activity:read")
        return JsonResponse([], safe=False)

    def deauthorize(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """The older revoke: an access token, in the form or as the bearer's."""
        token = request.POST.get("access_token") or protocol.token_in(request)
        found = protocol.bearer(self, token)
        caller.client_id, caller.account = found.application.client_id, found.user.name
        revocation.by_client(found.consent)
        return JsonResponse({"access_token": token})

    def _shown(self, account: Account) -> dict[str, Any]:
        return {
            "id": int(self.account_id(account)),
            "username": None,
            "resource_state": 2,
            "firstname": account.name,
            "lastname": "",
        }

    # Subscriptions

    def subscriptions(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        standing = self._standing(self._application(request.GET, caller))
        return JsonResponse([_listed(one) for one in standing], safe=False)

    def subscribe(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """One for an application; its address has to repeat the challenge."""
        app = self._application(request.POST, caller)
        url, word = request.POST.get("callback_url", ""), request.POST.get("verify_token", "")
        if not is_address(url) or len(url) > LONGEST_CALLBACK:
            raise Refusal("push_subscription", "not a valid URL")
        if self._standing(app).exists():
            raise Refusal("push_subscription", "already exists")
        if not _repeats_challenge(url, word):
            raise Refusal("push_subscription", "GET to callback URL does not return 200")
        made = Subscription.objects.create(
            personality=self.id, app=app, kind="push", url=url, secret=word[:300]
        )
        Subscription.objects.filter(pk=made.pk).update(key=str(120_000 + made.pk))
        return JsonResponse({"id": 120_000 + made.pk}, status=201)

    def unsubscribe(self, request: HttpRequest, caller: Caller, key: int) -> HttpResponse:
        asked = request.GET if "client_id" in request.GET else request.POST
        if not self._standing(self._application(asked, caller)).filter(key=str(key)).delete()[0]:
            raise Refusal("not_found", status=404)
        return HttpResponse(status=204)

    def _application(self, asked: Mapping[str, Any], caller: Caller) -> App:
        caller.client_id = str(asked.get("client_id", ""))[:255]
        app = App.objects.filter(personality=self.id, client_id=caller.client_id).first()
        secret = str(asked.get("client_secret", ""))
        if app is None or not constant_time_compare(secret, app.client_secret):
            raise Refusal("invalid_client")
        found: App = app
        return found

    def _standing(self, app: App) -> QuerySet[Subscription]:
        return Subscription.objects.filter(personality=self.id, app=app, kind="push")

    # Notices

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        """An event to the application's subscription; ``"false"`` is a text."""
        athlete = int(self.account_id(consents[0].account))
        event = {
            "object_type": "athlete",
            "object_id": athlete,
            "aspect_type": "update",
            "updates": {"authorized": "false"},
            "owner_id": athlete,
            "event_time": int(timezone.now().timestamp()),
        }
        return [
            Told(json.dumps({**event, "subscription_id": int(one.key)}), url=one.url)
            for one in self._standing(consents[0].app)
        ]

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        if not app.notice_secret:
            return {}
        stamp, secret = str(int(time.time())), "wrong" if forged else app.notice_secret
        signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
        return {"X-Strava-Signature": f"t={stamp},v1={signed.hexdigest()}"}

    def is_heard(self, status: int) -> bool:
        return status == 200


def _repeats_challenge(url: str, word: str) -> bool:
    challenge = secrets.token_hex(16)
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": word}
    answer = reach("GET", url, query=asked)
    try:
        said = answer.json() if answer is not None and answer.status_code == 200 else None
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("hub.challenge") == challenge


def _listed(subscription: Subscription) -> dict[str, Any]:
    made_at = subscription.created_at.isoformat(timespec="seconds")
    return {
        "id": int(subscription.key),
        "resource_state": 2,
        "application_id": subscription.app and subscription.app.client_id,
        "callback_url": subscription.url,
        "created_at": made_at,
        "updated_at": made_at,
    }


PERSONALITY = Strava()
