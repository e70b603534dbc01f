"""Fitbit's own Web API. https://dev.fitbit.com/build/reference/web-api/

Notices: a person's revocation is told to those who subscribed to it for that person, in a JSON
array, signed with HMAC-SHA1, once the notice URL has passed the test with two codes.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from ..failures import Caller
from ..models import AccessToken, Account, App, Consent, Subscription
from ..models.consent import End
from ..notices import Told
from ..personality import Auth, Personality, Pkce
from ..protocol import bearer
from ..reach import reach
from ..refusal import Refusal
from ..routes import Route

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
HOURLY_CALLS = 150
REVOKED = "userRevokedAccess"
# The scopes that a subscription to a collection needs; without a name it is to all collections.
COLLECTIONS = {
    "activities": ("activity",),
    "body": ("weight",),
    "foods": ("nutrition",),
    "sleep": ("sleep",),
    REVOKED: (),
    "user": ("activity", "nutrition", "profile", "settings", "sleep", "weight"),
}
LONGEST_SUBSCRIPTION_ID = 50
WORDS = {
    "expired_token": "Access token expired. The client has to refresh it.",
    "invalid_token": "Access token invalid: it was revoked or never issued.",
    "invalid_client": "Invalid authorization header or client id.",
    "insufficient_scope": "This application does not have permission to access that data.",
    "not_found": "The API you are requesting could not be found.",
}


class Fitbit(Personality):
    id = "fitbit"
    name = "Fitbit"
    authorize_paths = ("www.fitbit.com/oauth2/authorize",)
    scopes: ClassVar = {
        "activity": "Activity and exercise",
        "cardio_fitness": "Cardio fitness",
        "electrocardiogram": "Electrocardiogram",
        "heartrate": "Heart rate",
        "irregular_rhythm_notifications": "Irregular rhythm notifications",
        "location": "Location of workouts",
        "nutrition": "Food and water logs",
        "oxygen_saturation": "Oxygen saturation",
        "profile": "Profile",
        "respiratory_rate": "Breathing rate",
        "settings": "Devices and settings",
        "sleep": "Sleep",
        "social": "Friends",
        "temperature": "Skin temperature",
        "weight": "Weight and body fat",
    }
    pkce = Pkce.OPTIONAL
    client_auth = frozenset({Auth.BASIC})
    defaults: ClassVar = {"access_token_seconds": 28_800, "code_seconds": 600}
    revoke_ends_all = True

    def routes(self) -> list[Route]:
        api = "api.fitbit.com"
        one = f"{api}/1/user/<str:who>/<str:collection>/apiSubscriptions"
        every = f"{api}/1/user/<str:who>/apiSubscriptions"
        return [
            Route("POST", f"{api}/oauth2/token", self.token, "token"),
            Route("POST", f"{api}/oauth2/revoke", self.revoke, "revoke"),
            Route("POST", f"{api}/1.1/oauth2/introspect", self.introspect, "introspect"),
            Route("GET", f"{api}/1/user/<str:who>/profile.json", self.profile, "me"),
            Route("GET", f"{one}.json", self.subscriptions, "subscribe"),
            Route("POST", f"{one}/<str:key>.json", self.subscribe, "subscribe"),
            Route("DELETE", f"{one}/<str:key>.json", self.unsubscribe, "subscribe"),
            Route("GET", f"{every}.json", self.subscriptions, "subscribe"),
            Route("POST", f"{every}/<str:key>.json", self.subscribe, "subscribe"),
            Route("DELETE", f"{every}/<str:key>.json", self.unsubscribe, "subscribe"),
        ]

    def account_id(self, account: Account) -> str:
        number = self.digest(account)
        return "".join(LETTERS[number // 36**place % 36] for place in range(6))

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        return {**tokens, "user_id": self.account_id(consent.account)}

    def explain(self, refusal: Refusal, form: Mapping[str, str]) -> str:
        if refusal.error != "invalid_grant":
            return refusal.description
        refreshes = form.get("grant_type") == "refresh_token"
        what = "Refresh token" if refreshes else "Authorization code"
        return f"{what} invalid: it was used, revoked or never issued."

    def refuse(self, refusal: Refusal) -> HttpResponse:
        message = refusal.description or WORDS.get(refusal.error, refusal.error)
        errors = [{"errorType": refusal.error, "message": message}]
        return JsonResponse({"errors": errors, "success": False}, status=refusal.status)

    def limits(self, kind: str, *, spent: bool) -> dict[str, str]:
        if kind not in ("me", "subscribe"):
            return {}
        now = timezone.now()
        return {
            "Fitbit-Rate-Limit-Limit": str(HOURLY_CALLS),
            "Fitbit-Rate-Limit-Remaining": "0" if spent else str(HOURLY_CALLS - 1),
            "Fitbit-Rate-Limit-Reset": str(3600 - now.minute * 60 - now.second),
        }

    # What a token opens

    def profile(self, request: HttpRequest, caller: Caller, who: str) -> HttpResponse:
        found = self._asked_for(request, caller, who, "profile")
        user = {"encodedId": self.account_id(found.user), "displayName": found.user.name}
        return JsonResponse({"user": user})

    def introspect(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """What is known of the token in the form; the bearer token says who asks."""
        self.bearer(request, caller)
        try:
            found = bearer(self, request.POST.get("token", ""))
        except Refusal:
            return JsonResponse({"active": False})
        return JsonResponse(
            {
                "active": True,
                "scope": found.scope,
                "client_id": found.application.client_id,
                "user_id": self.account_id(found.user),
                "token_type": "access_token",
                "exp": int(found.expires.timestamp() * 1000),
                "iat": int(found.created.timestamp() * 1000),
            }
        )

    def _asked_for(
        self, request: HttpRequest, caller: Caller, who: str, *scopes: str
    ) -> AccessToken:
        """The token; a person's own id in the address is as good as the dash."""
        found = self.bearer(request, caller, *scopes)
        if who not in ("-", self.account_id(found.user)):
            raise Refusal("insufficient_scope")
        return found

    # Subscriptions

    def subscriptions(
        self, request: HttpRequest, caller: Caller, who: str, collection: str = "user"
    ) -> HttpResponse:
        found = self._subscriber(request, caller, who, collection)
        listed = self._of(found, kind=collection).order_by("pk")
        return JsonResponse({"apiSubscriptions": [self._shown(one) for one in listed]})

    @transaction.atomic
    def subscribe(
        self, request: HttpRequest, caller: Caller, who: str, key: str, collection: str = "user"
    ) -> HttpResponse:
        """201 for a new one, 200 for one that exists; each collection of a person has one."""
        found = self._subscriber(request, caller, who, collection)
        if len(key) > LONGEST_SUBSCRIPTION_ID:
            raise Refusal("validation", "The subscription id is too long.")
        standing = self._of(found, kind=collection).first()
        elsewhere = self._all(found.application, key=key).exclude(account=found.user).exists()
        if elsewhere or (standing is not None and standing.key != key):
            raise Refusal("conflict", "There is another subscription.", status=409)
        made = standing or Subscription.objects.create(
            personality=self.id,
            app=found.application,
            account=found.user,
            kind=collection,
            key=key,
            details={"subscriber": request.headers.get("X-Fitbit-Subscriber-Id", "1")[:50]},
        )
        return JsonResponse(self._shown(made), status=200 if standing else 201)

    def unsubscribe(
        self, request: HttpRequest, caller: Caller, who: str, key: str, collection: str = "user"
    ) -> HttpResponse:
        found = self._subscriber(request, caller, who, collection)
        if not self._of(found, kind=collection, key=key).delete()[0]:
            raise Refusal("not_found", "There is no such subscription.", status=404)
        return HttpResponse(status=204)

    def _subscriber(
        self, request: HttpRequest, caller: Caller, who: str, collection: str
    ) -> AccessToken:
        if collection not in COLLECTIONS:
            self.bearer(request, caller)
            raise Refusal("not_found", "There is no such collection.", status=404)
        return self._asked_for(request, caller, who, *COLLECTIONS[collection])

    def _all(self, app: App, **more: Any) -> Any:
        return Subscription.objects.filter(personality=self.id, app=app, **more)

    def _of(self, found: AccessToken, **more: Any) -> Any:
        return self._all(found.application, account=found.user, **more)

    def _shown(self, subscription: Subscription) -> dict[str, str]:
        assert subscription.account is not None
        return {
            "collectionType": subscription.kind,
            "ownerId": self.account_id(subscription.account),
            "ownerType": "user",
            "subscriberId": subscription.details["subscriber"],
            "subscriptionId": subscription.key,
        }

    # Notices

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        """An array with an entry for the subscription. All subscriptions end with the consent."""
        app, account = consents[0].app, consents[0].account
        standing = self._all(app, account=account)
        today = timezone.now().date().isoformat()
        entries = [
            {
                "collectionType": REVOKED,
                "date": today,
                "ownerId": self.account_id(account),
                "ownerType": "user",
                "subscriptionId": one.key,
            }
            for one in standing.filter(kind=REVOKED)
        ]
        standing.delete()
        return [Told(json.dumps(entries))] if entries else []

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        key = "wrong&" if forged else f"{app.client_secret}&"
        signature = hmac.new(key.encode(), body, hashlib.sha1).digest()
        return {"X-Fitbit-Signature": base64.b64encode(signature).decode()}

    def may_notify(self, app: App) -> bool:
        """The URL must know the right code (204) from a wrong one (404), once."""
        if app.notice_verified_at is None and self._knows_its_code(app):
            App.objects.filter(pk=app.pk).update(notice_verified_at=timezone.now())
            return True
        return app.notice_verified_at is not None

    def _knows_its_code(self, app: App) -> bool:
        if not app.notice_url or not app.notice_secret:
            return False
        right = reach("GET", app.notice_url, query={"verify": app.notice_secret})
        wrong = reach("GET", app.notice_url, query={"verify": secrets.token_hex(16)})
        return (right and right.status_code, wrong is not None and wrong.status_code) == (204, 404)

    def is_heard(self, status: int) -> bool:
        return status == 204


PERSONALITY = Fitbit()
