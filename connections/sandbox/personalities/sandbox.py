"""The sandbox's own company: as harsh as the harshest real provider, and plain to talk to."""

import hashlib
import hmac
import json
import random
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from ..failures import Caller
from ..models import Account, App, Consent
from ..models.consent import End
from ..models.notice import new_notice_id
from ..notices import Told
from ..personality import Personality
from ..refusal import Refusal
from ..routes import Route


class Sandbox(Personality):
    id = "sandbox"
    name = "Sandbox Wearables"
    authorize_paths = ("oauth/authorize",)
    scopes: ClassVar = {
        "activity": "Steps, workouts and calories",
        "sleep": "Sleep stages and times",
        "heartrate": "Heart rate through the day",
        "body": "Weight and body measurements",
        "profile": "Account name and settings",
    }

    def routes(self) -> list[Route]:
        return [
            Route("POST", "oauth/token", self.token, "token"),
            Route("POST", "oauth/revoke", self.revoke, "revoke"),
            Route("GET", "v1/me", self.me, "me"),
            Route("GET", "v1/daily", self.daily),
        ]

    def account_id(self, account: Account) -> str:
        return str(account.user_id)

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        return {**tokens, "user_id": consent.account.user_id, "consent_id": consent.consent_id}

    def me(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        found = self.bearer(request, caller)
        return JsonResponse(
            {
                "user_id": found.user.user_id,
                "account": found.user.name,
                "consent_id": found.consent.consent_id,
                "scope": found.scope,
            }
        )

    def daily(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """A week of make-believe days, the same for an account whenever it is asked."""
        user_id = self.bearer(request, caller).user.user_id
        today = timezone.now().date()
        days = [(today - timedelta(days=back)).isoformat() for back in range(7)]
        return JsonResponse({"user_id": user_id, "days": [_day(user_id, day) for day in days]})

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """An expired token is an invalid one here."""
        if refusal.error not in ("invalid_token", "expired_token"):
            return super().refuse(refusal)
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return JsonResponse({"error": "invalid_token"}, status=401, headers=challenge)

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        """One notice for each consent, by its name."""
        return [_ended(one, named=self.dials().notice_names_consent) for one in consents]

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        timestamp, secret = int(time.time()), "wrong" if forged else app.client_secret
        signed = f"{timestamp}.".encode() + body
        signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return {"Sandbox-Signature": f"t={timestamp},v1={signature}"}


def _ended(consent: Consent, *, named: bool) -> Told:
    told = {
        "id": new_notice_id(),
        "type": "access_revoked",
        "client_id": consent.app.client_id,
        "user_id": consent.account.user_id,
        "consent_id": consent.consent_id,
        "occurred_at": (consent.ended_at or timezone.now()).isoformat(timespec="microseconds"),
    }
    if not named:
        del told["consent_id"]
    return Told(json.dumps(told), notice_id=told["id"])


def _day(user_id: str, date: str) -> dict[str, object]:
    dice = random.Random(f"{user_id} {date}")  # noqa: S311 - make-believe, not a secret
    return {
        "date": date,
        "steps": dice.randrange(2_000, 16_000),
        "resting_heart_rate": dice.randrange(48, 72),
        "sleep_minutes": dice.randrange(330, 540),
    }


PERSONALITY = Sandbox()
