"""Oura's API v2. https://cloud.ouraring.com/docs/authentication, …/docs/error-handling, …/v2/docs

It tells nobody of a revocation: its webhooks speak of data alone, and are ordered once for an
application. What was ticked comes back beside the code, not in the token answer.
"""

import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .. import protocol, revocation
from ..failures import Caller
from ..models import Account, App, Consent, Subscription
from ..personality import Personality, Pkce
from ..reach import is_address, reach
from ..refusal import Refusal
from ..routes import Route

CALLS, WINDOW = 5000, 300
WEBHOOK_LIVES = timedelta(days=90)
EVENTS = ("create", "update", "delete")
DATA = (
    "tag", "enhanced_tag", "workout", "session", "sleep", "daily_sleep", "daily_readiness",
    "daily_activity", "daily_spo2", "sleep_time", "rest_mode_period", "ring_configuration",
    "daily_stress", "daily_cardiovascular_age", "daily_resilience", "vo2_max", "meal",
)  # fmt: skip
TITLES = {
    "invalid_token": "Invalid access token",
    "expired_token": "Expired token",
    "insufficient_scope": "Missing scopes",
    "invalid_grant": "Token already used or revoked",
    "invalid_client": "Invalid client",
    "not_found": "Not found",
}


class Oura(Personality):
    id = "oura"
    name = "Oura"
    authorize_paths = ("cloud.ouraring.com/oauth/authorize",)
    scopes: ClassVar = {
        "email": "E-mail address",
        "personal": "Gender, age, height and weight",
        "daily": "Daily summaries of sleep, activity and readiness",
        "heartrate": "Heart rate",
        "workout": "Workouts",
        "tag": "Tags",
        "session": "Guided and unguided sessions",
        "spo2": "Oxygen saturation during sleep",
        "spo2Daily": "Oxygen saturation during sleep, as the specification spells it",
        "ring_configuration": "Ring model and size",
        "stress": "Daytime stress",
        "heart_health": "Heart health",
    }
    redirect_uri_optional = True
    pkce = Pkce.IGNORED
    defaults: ClassVar = {"access_token_seconds": 86_400, "send_scope": False}

    def routes(self) -> list[Route]:
        api = "api.ouraring.com"
        info, revoke = f"{api}/v2/usercollection/personal_info", f"{api}/oauth/revoke"
        hooks = f"{api}/v2/webhook/subscription"
        return [
            Route("POST", f"{api}/oauth/token", self.token, "token"),
            Route("POST", revoke, self.revoke, "revoke"),
            Route("GET", revoke, self.revoke, "revoke"),
            Route("GET", info, self.personal_info, "me"),
            Route("GET", hooks, self.subscriptions, "subscribe"),
            Route("POST", hooks, self.subscribe, "subscribe"),
            Route("GET", f"{hooks}/<str:key>", self.subscription, "subscribe"),
            Route("PUT", f"{hooks}/<str:key>", self.change, "subscribe"),
            Route("DELETE", f"{hooks}/<str:key>", self.unsubscribe, "subscribe"),
            Route("PUT", f"{hooks}/renew/<str:key>", self.renew, "subscribe"),
        ]

    def account_id(self, account: Account) -> str:
        return str(uuid.UUID(int=self.digest(account) % 2**128, version=4))

    def redirect_extras(self, granted: Sequence[str]) -> dict[str, str]:
        return {"scope": " ".join(granted)}

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        return {**tokens, "token_type": "bearer"}

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """A problem (RFC 7807); OAuth's own fields beside it (RFC 6749 §5.2)."""
        title = TITLES.get(refusal.error, refusal.error)
        body = {"status": refusal.status, "title": title}
        if refusal.description:
            body["detail"] = refusal.description
        if refusal.error.startswith(("invalid_", "unsupported_", "unauthorized_")):
            body |= {"error": refusal.error, "error_description": refusal.description or title}
        return JsonResponse(body, status=refusal.status)

    def limits(self, kind: str, *, spent: bool) -> dict[str, str]:
        if kind == "token":
            return {}
        now = timezone.now()
        return {
            "X-RateLimit-Limit": str(CALLS),
            "X-RateLimit-Window": str(WINDOW),
            "X-RateLimit-Reset": str(WINDOW - int(now.timestamp()) % WINDOW),
            "X-RateLimit-Tier": "default",
        }

    # What a token opens

    def personal_info(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """The id with any token; everything else only with its scope."""
        found = self.bearer(request, caller)
        personal = "personal" in found.consent.scopes
        told = {"age": 36, "weight": 70.5, "height": 1.75, "biological_sex": "female"}
        mail = f"{self.account_id(found.user)[:8]}@oura.example"
        return JsonResponse(
            {
                "id": self.account_id(found.user),
                **{name: value if personal else None for name, value in told.items()},
                "email": mail if "email" in found.consent.scopes else None,
            }
        )

    def revoke(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """By the access token in the address or the form. A client that names itself must be it."""
        token = request.GET.get("access_token") or request.POST.get("access_token", "")
        caller.account = protocol.account_of(token=token)
        caller.client_id = protocol.client_id_in(request, {})
        found = protocol.bearer(self, token)
        if caller.client_id and caller.client_id != found.application.client_id:
            raise Refusal("invalid_client")
        caller.client_id = found.application.client_id
        revocation.by_client(found.consent)
        return HttpResponse()

    # Webhooks

    def subscriptions(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        listed = self._standing(self._application(request, caller)).order_by("pk")
        return JsonResponse([_shown(one) for one in listed], safe=False)

    def subscription(self, request: HttpRequest, caller: Caller, key: str) -> HttpResponse:
        return JsonResponse(_shown(self._one(request, caller, key)))

    def subscribe(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        app = self._application(request, caller)
        asked = protocol.json_in(request)
        if wrong := _unfit(
            asked, ("callback_url", "verification_token", "event_type", "data_type")
        ):
            return wrong
        made = Subscription(personality=self.id, app=app, kind="webhook", key=str(uuid.uuid4()))
        _change(made, asked)
        made.save()
        return JsonResponse(_shown(made), status=201)

    def change(self, request: HttpRequest, caller: Caller, key: str) -> HttpResponse:
        found, asked = self._one(request, caller, key), protocol.json_in(request)
        if wrong := _unfit(asked, ("verification_token",)):
            return wrong
        _change(found, asked)
        found.save()
        return JsonResponse(_shown(found))

    def renew(self, request: HttpRequest, caller: Caller, key: str) -> HttpResponse:
        found = self._one(request, caller, key)
        found.details["expiration_time"] = _expiry()
        found.save()
        return JsonResponse(_shown(found))

    def unsubscribe(self, request: HttpRequest, caller: Caller, key: str) -> HttpResponse:
        self._one(request, caller, key).delete()
        return HttpResponse(status=204)

    def _application(self, request: HttpRequest, caller: Caller) -> App:
        caller.client_id = request.headers.get("x-client-id", "")[:255]
        secret = request.headers.get("x-client-secret", "")
        app = App.objects.filter(personality=self.id, client_id=caller.client_id).first()
        if app is None or not constant_time_compare(secret, app.client_secret):
            raise Refusal("invalid_client")
        found: App = app
        return found

    def _standing(self, app: App) -> QuerySet[Subscription]:
        return Subscription.objects.filter(personality=self.id, app=app, kind="webhook")

    def _one(self, request: HttpRequest, caller: Caller, key: str) -> Subscription:
        found = self._standing(self._application(request, caller)).filter(key=key).first()
        if found is None:
            raise Refusal("Webhook with specified id does not exist.", status=403)
        return found

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        stamp, secret = str(int(time.time())), "wrong" if forged else app.client_secret
        signature = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).hexdigest()
        return {"x-oura-signature": signature.upper(), "x-oura-timestamp": stamp}


def _unfit(asked: Mapping[str, Any], needed: Sequence[str]) -> HttpResponse | None:
    """The answer to an order that cannot be, as the specification shapes it."""
    known = {"event_type": EVENTS, "data_type": DATA}
    wrong = [name for name in needed if not isinstance(asked.get(name), str) or not asked[name]]
    wrong += [name for name, words in known.items() if asked.get(name, words[0]) not in words]
    if not is_address(str(asked.get("callback_url") or "http://unchanged/")):
        wrong.append("callback_url")
    if not wrong:
        return None
    detail = [{"loc": ["body", name], "msg": "invalid", "type": "value_error"} for name in wrong]
    return JsonResponse({"detail": detail}, status=422)


def _change(subscription: Subscription, asked: Mapping[str, Any]) -> None:
    """Take over what is asked, once the address has sent the challenge back."""
    url = str(asked.get("callback_url") or subscription.url)[:500]
    token, challenge = asked["verification_token"], secrets.token_hex(16)
    answer = reach("GET", url, query={"verification_token": token, "challenge": challenge})
    try:
        said = answer.json() if answer is not None and answer.status_code == 200 else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.get("challenge") != challenge:
        raise Refusal("invalid_request", "The callback URL did not answer the challenge.")
    subscription.url, subscription.secret = url, token[:300]
    for name in ("event_type", "data_type"):
        subscription.details[name] = asked.get(name) or subscription.details[name]
    subscription.details.setdefault("expiration_time", _expiry())


def _expiry() -> str:
    return (timezone.now() + WEBHOOK_LIVES).isoformat(timespec="milliseconds")


def _shown(subscription: Subscription) -> dict[str, str]:
    return {
        "id": subscription.key,
        "callback_url": subscription.url,
        **{name: subscription.details[name] for name in ("event_type", "data_type")},
        "expiration_time": subscription.details["expiration_time"],
    }


PERSONALITY = Oura()
