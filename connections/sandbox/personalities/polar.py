"""Polar's AccessLink API v3. https://www.polar.com/accesslink-api/

A token without an end and without a refresh, and a registration of the person with the app beside
it. Webhooks are ordered once for an app and tell of new data: nothing tells of a revocation.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .. import protocol
from ..failures import Caller
from ..models import AccessToken, Account, App, Consent, Subscription
from ..models.consent import End
from ..notices import Told
from ..personality import Auth, Personality, Pkce
from ..reach import is_address, reach
from ..refusal import Refusal
from ..routes import Route

API = "www.polaraccesslink.com/v3"
LONGEST_MEMBER_ID = 100
# As documented: about twenty years.
TOKEN_SECONDS = 631_138_518
EVENTS = (
    "EXERCISE", "SLEEP", "CONTINUOUS_HEART_RATE", "SLEEP_WISE_CIRCADIAN_BEDTIME",
    "SLEEP_WISE_ALERTNESS", "ACTIVITY_SUMMARY", "PHYSICAL_INFORMATION",
)  # fmt: skip
QUARTER, DAY = 15 * 60, 24 * 3600
# For an app with one person.
CALLS_IN_QUARTER, CALLS_IN_DAY = 520, 5100


class Polar(Personality):
    id = "polar"
    name = "Polar"
    authorize_paths = ("flow.polar.com/oauth2/authorization",)
    scopes: ClassVar = {"accesslink.read_all": "Workouts, sleep, heart rate and daily activity"}
    scopes_can_be_unticked = False
    pkce = Pkce.IGNORED
    client_auth = frozenset({Auth.BASIC})
    defaults: ClassVar = {"access_token_seconds": TOKEN_SECONDS, "code_seconds": 600}
    revoke_ends_all = True

    def routes(self) -> list[Route]:
        users, one = f"{API}/users", f"{API}/users/<str:who>"
        hooks = f"{API}/webhooks"
        return [
            Route("POST", "polarremote.com/v2/oauth2/token", self.token, "token"),
            Route("POST", users, self.register, "register", dial="subscribe_answer"),
            Route("GET", one, self.user, "me"),
            Route("DELETE", one, self.deregister, "revoke"),
            Route("GET", hooks, self.webhooks, "subscribe"),
            Route("POST", hooks, self.order, "subscribe"),
            Route("DELETE", f"{hooks}/<str:key>", self.cancel, "subscribe"),
        ]

    def account_id(self, account: Account) -> str:
        return str(10_000_000 + self.digest(account) % 90_000_000)

    # Tokens

    def is_offline(self, asked: Any, granted: Sequence[str]) -> bool:
        return False

    def token(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        if request.POST.get("grant_type") == "refresh_token":
            raise Refusal("unsupported_grant_type")
        return super().token(request, caller)

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        return {
            "access_token": tokens["access_token"],
            "token_type": "bearer",
            "expires_in": tokens["expires_in"],
            "x_user_id": int(self.account_id(consent.account)),
        }

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """Only the token endpoint says more than a status."""
        if refusal.kind == "token":
            return super().refuse(refusal)
        answer = HttpResponse(status=refusal.status)
        # Nothing is no page of HTML.
        del answer.headers["Content-Type"]
        return answer

    def limits(self, kind: str, *, spent: bool) -> dict[str, str]:
        if kind == "token":
            return {}
        now = int(timezone.now().timestamp())
        return {
            "RateLimit-Usage": f"{CALLS_IN_QUARTER if spent else 1}, 1",
            "RateLimit-Limit": f"{CALLS_IN_QUARTER}, {CALLS_IN_DAY}",
            "RateLimit-Reset": f"{QUARTER - now % QUARTER}, {DAY - now % DAY}",
        }

    # The person's registration with the app

    @transaction.atomic
    def register(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """Once for a person; no two persons of an app have the same member id."""
        found = self.bearer(request, caller)
        member_id = protocol.json_in(request).get("member-id")
        if not isinstance(member_id, str) or not 0 < len(member_id) <= LONGEST_MEMBER_ID:
            raise Refusal("invalid_request")
        members = self._standing(found.application, "member")
        if members.filter(account=found.user).exists() or members.filter(key=member_id).exists():
            raise Refusal("conflict", status=409)
        made = Subscription.objects.create(
            personality=self.id,
            app=found.application,
            account=found.user,
            kind="member",
            key=member_id,
        )
        return JsonResponse(self._shown(made))

    def user(self, request: HttpRequest, caller: Caller, who: str) -> HttpResponse:
        """204 for somebody who is not registered, whatever the token."""
        found = self._asked_for(request, caller, who)
        member = self._standing(found.application, "member").filter(account=found.user).first()
        return JsonResponse(self._shown(member)) if member else HttpResponse(status=204)

    def deregister(self, request: HttpRequest, caller: Caller, **captured: Any) -> HttpResponse:
        self._asked_for(request, caller, captured["who"])
        return super().deregister(request, caller)

    def _asked_for(self, request: HttpRequest, caller: Caller, who: str) -> AccessToken:
        found = self.bearer(request, caller)
        if who != self.account_id(found.user):
            raise Refusal("forbidden", status=403)
        return found

    def _standing(self, app: App, kind: str) -> QuerySet[Subscription]:
        return Subscription.objects.filter(personality=self.id, app=app, kind=kind)

    def _shown(self, member: Subscription) -> dict[str, Any]:
        assert member.account is not None
        return {
            "polar-user-id": int(self.account_id(member.account)),
            "member-id": member.key,
            "registration-date": member.created_at.isoformat(timespec="milliseconds"),
            "first-name": member.account.name,
            "last-name": "",
        }

    # Webhooks

    def webhooks(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        listed = self._standing(self._application(request, caller), "webhook")
        return JsonResponse({"data": [_told_of(one) for one in listed]})

    def order(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """One for an app; its address has to take a PING before. The secret is told only here."""
        app, asked = self._application(request, caller), protocol.json_in(request)
        events, url = asked.get("events"), str(asked.get("url", ""))[:500]
        known = isinstance(events, list) and all(event in EVENTS for event in events)
        if not known or not events or not is_address(url):
            raise Refusal("invalid_request")
        if self._standing(app, "webhook").exists():
            raise Refusal("conflict", status=409)
        if not _takes_ping(url):
            raise Refusal("invalid_request")
        made, is_new = Subscription.objects.get_or_create(
            personality=self.id,
            app=app,
            kind="webhook",
            defaults={
                "key": secrets.token_hex(4),
                "url": url,
                "secret": secrets.token_hex(32),
                "details": {"events": events},
            },
        )
        if not is_new:
            raise Refusal("conflict", status=409)
        told = {**_told_of(made), "signature_secret_key": made.secret}
        return JsonResponse({"data": told}, status=201)

    def cancel(self, request: HttpRequest, caller: Caller, key: str) -> HttpResponse:
        standing = self._standing(self._application(request, caller), "webhook")
        if not standing.filter(key=key).delete()[0]:
            raise Refusal("not_found", status=404)
        return HttpResponse(status=204)

    def _application(self, request: HttpRequest, caller: Caller) -> App:
        client_id, secret = protocol.basic_in(request)
        caller.client_id = client_id[:255]
        app = App.objects.filter(personality=self.id, client_id=client_id).first()
        if app is None or not constant_time_compare(secret, app.client_secret):
            raise Refusal("invalid_client")
        found: App = app
        return found

    # Notices

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        """Nothing. The app's own call ends the registration as well; the person's does not."""
        if how is End.CLIENT:
            app, account = consents[0].app, consents[0].account
            self._standing(app, "member").filter(account=account).delete()
        return []

    def tells_news(self, consent: Consent) -> list[Told]:
        """A workout of somebody who is registered, where the app ordered that."""
        hook = self._standing(consent.app, "webhook").first()
        members = self._standing(consent.app, "member").filter(account=consent.account)
        if hook is None or "EXERCISE" not in hook.details["events"] or not members.exists():
            return []
        exercise = secrets.token_hex(4)
        told = {
            "event": "EXERCISE",
            "user_id": int(self.account_id(consent.account)),
            "entity_id": exercise,
            "timestamp": _stamp(),
            "url": f"https://{API}/exercises/{exercise}",
        }
        return [Told(json.dumps(told), url=hook.url)]

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        hook = self._standing(app, "webhook").first()
        secret = "wrong" if forged or hook is None else hook.secret
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return {"Polar-Webhook-Event": _event_of(body), "Polar-Webhook-Signature": signature}


def _told_of(hook: Subscription) -> Mapping[str, Any]:
    return {"id": hook.key, "events": hook.details["events"], "url": hook.url}


def _takes_ping(url: str) -> bool:
    """It is unsigned: there is no secret yet."""
    ping = json.dumps({"timestamp": _stamp(), "event": "PING"}).encode()
    headers = {"Content-Type": "application/json", "Polar-Webhook-Event": "PING"}
    answer = reach("POST", url, body=ping, headers=headers)
    return answer is not None and answer.status_code == 200


def _event_of(body: bytes) -> str:
    try:
        return str(json.loads(body)["event"])
    except (KeyError, TypeError, ValueError):
        return "UNKNOWN"


def _stamp() -> str:
    return f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}"


PERSONALITY = Polar()
