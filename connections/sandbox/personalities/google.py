"""Google's Health API. https://developers.google.com/health, …/identity/protocols/oauth2/web-server

One revocation ends what the person granted to all clients of a project, which is the number that
a client id begins with. It is told twice over: by a security event of the account
(…/identity/protocols/risc), and by webhooks about deleted data (…/health/webhooks), once the
address has passed the test of a subscriber.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from .. import protocol, revocation
from ..failures import Caller
from ..google import keys, notices
from ..google.notices import HEALTH, ISSUER, SET
from ..models import Account, App, Consent, Notice
from ..models.consent import End
from ..notices import Told
from ..personality import Auth, Personality, Pkce
from ..refusal import Refusal
from ..routes import Route
from . import named

EMAIL = "https://www.googleapis.com/auth/userinfo.email"
PROFILE = "https://www.googleapis.com/auth/userinfo.profile"
# Short names that a request may use for them.
SPELLED = {"email": EMAIL, "profile": PROFILE}
AREAS = {
    "activity_and_fitness": "Steps, workouts and calories",
    "ecg": "Electrocardiogram",
    "health_metrics_and_measurements": "Heart rate, weight and the like",
    "irn": "Irregular rhythm notifications",
    "location": "Location of workouts",
    "nutrition": "Food and water",
    "profile": "Profile",
    "settings": "Devices and settings",
    "sleep": "Sleep",
}

CERTIFICATES = "www.googleapis.com/oauth2/v3/certs"

# The token endpoint and the revoke speak OAuth, everything else as Google's APIs do.
OAUTH_KINDS = ("token", "revoke")
WORDS = {
    "expired_token": "Request had invalid authentication credentials.",
    "insufficient_scope": "Request had insufficient authentication scopes.",
    "invalid_client": "The provided client secret is invalid.",
    "invalid_grant": "Token has been expired or revoked.",
    "invalid_token": "Request had invalid authentication credentials.",
}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
}


class Google(Personality):
    id = "google"
    name = "Google Health"
    authorize_paths = ("accounts.google.com/o/oauth2/v2/auth",)
    scopes: ClassVar = {
        **{f"{HEALTH}.{area}.readonly": words for area, words in AREAS.items()},
        **{f"{HEALTH}.{area}.writeonly": f"{words}: add to it" for area, words in AREAS.items()},
        "openid": "Who you are on Google",
        EMAIL: "E-mail address",
        PROFILE: "Name and picture",
    }
    fixed_scopes = ("openid", EMAIL, PROFILE)
    fixed_scopes_suffice = True
    pkce = Pkce.OPTIONAL
    client_auth = frozenset({Auth.BODY})
    defaults: ClassVar = {
        "access_token_seconds": 3600,
        "refresh_rotates": False,
        "refresh_answer_has_refresh_token": False,
        "refresh_kills_access": False,
        "refresh_token_cap": 100,
        "second_consent_kills": False,
    }
    revoke_ends_all = True
    accounts_can_be_deleted = True

    def routes(self) -> list[Route]:
        keyset = "www.gstatic.com/googlehealthapi/webhooks/webhooks_public_keyset.json"
        configuration = "accounts.google.com/.well-known/risc-configuration"
        identity = "health.googleapis.com/v4/users/<str:who>/identity"
        return [
            Route("POST", "oauth2.googleapis.com/token", self.token, "token"),
            Route("POST", "oauth2.googleapis.com/revoke", self.revoke, "revoke"),
            Route("GET", identity, self.identity, "me"),
            Route("GET", keyset, self.webhook_keys, "keys"),
            Route("GET", configuration, self.configuration, "keys"),
            Route("GET", CERTIFICATES, self.certificates, "keys"),
        ]

    def account_id(self, account: Account) -> str:
        """Of the Health API; an account has another name where it signs in."""
        return f"{self.digest(account):064X}"[:16]

    def subject(self, account: Account) -> str:
        """``sub`` of ID tokens and of security events."""
        return str(10**20 + self.digest(account, "sub") % 10**20)

    def revoked_together(self, app: App) -> list[App]:
        number = _project(app)
        if not number:
            return [app]
        every = App.objects.filter(personality=self.id, client_id__startswith=f"{number}-")
        return [one for one in every if _project(one) == number]

    # Authorise

    def authorize_query(self, asked: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [
            (name, " ".join(SPELLED.get(one, one) for one in value.split()))
            if name == "scope"
            else (name, value)
            for name, value in asked
        ]

    def is_offline(self, asked: Any, granted: Sequence[str]) -> bool:
        """Asked for, and the first time or once more by ``prompt``."""
        if getattr(asked, "access_type", "") != "offline":
            return False
        before = Consent.objects.live().filter(account=asked.user, app=asked.client, offline=True)
        return "consent" in (getattr(asked, "prompt", "") or "").split() or not before.exists()

    def redirect_extras(self, granted: Sequence[str]) -> dict[str, str]:
        return {"scope": " ".join(granted), "authuser": "0", "prompt": "consent"}

    # Tokens

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        answer = dict(tokens)
        lives = int(self.dials().refresh_token_seconds)
        if lives and "refresh_token" in answer:
            answer["refresh_token_expires_in"] = lives
        if "openid" in consent.scopes:
            answer["id_token"] = self._id_token(consent)
        return answer

    def _id_token(self, consent: Consent) -> str:
        """OpenID Connect Core §2."""
        now, audience = int(timezone.now().timestamp()), consent.app.client_id
        subject = self.subject(consent.account)
        claims = {"iss": ISSUER, "azp": audience, "aud": audience, "sub": subject}
        if EMAIL in consent.scopes:
            claims["email"] = f"{subject}@mail.example"
        return keys.signed({**claims, "iat": now, "exp": now + 3600}, "JWT")

    def explain(self, refusal: Refusal, form: Mapping[str, str]) -> str:
        is_code = form.get("grant_type") == "authorization_code"
        return "Bad Request" if is_code and refusal.error == "invalid_grant" else ""

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """OAuth's form (RFC 6749 §5.2), or that of Google's APIs (https://google.aip.dev/193)."""
        words = refusal.description or WORDS.get(refusal.error, refusal.error)
        if refusal.kind not in OAUTH_KINDS:
            return _api_error(refusal.status, words)
        body = {"error": refusal.error, "error_description": words}
        is_dead = refusal.error == "invalid_token"
        return JsonResponse(body, status=400 if is_dead else refusal.status)

    def turn_away(self, status: int, kind: str) -> HttpResponse:
        if kind in OAUTH_KINDS:
            return super().turn_away(status, kind)
        return _api_error(status, "Turned away.")

    def revoke(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """Whoever holds the token may; no client is asked for."""
        token = request.POST.get("token") or request.GET.get("token", "")
        caller.account = protocol.account_of(token=token)
        try:
            consent = protocol.living(self, token)
        except Refusal as dead:
            dead.description = "Token expired or revoked"
            raise
        caller.client_id = consent.app.client_id
        revocation.by_client(consent)
        return JsonResponse({})

    def identity(self, request: HttpRequest, caller: Caller, who: str) -> HttpResponse:
        found = self.bearer(request, caller)
        opens = any(scope.startswith(HEALTH) for scope in found.consent.scopes)
        if not opens or who not in ("me", self.account_id(found.user)):
            raise Refusal("insufficient_scope")
        return JsonResponse(
            {
                "name": f"users/{who}/identity",
                "legacyUserId": named("fitbit").account_id(found.user),
                "healthUserId": self.account_id(found.user),
            }
        )

    # Keys

    def webhook_keys(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        return JsonResponse(keys.webhook_keyset())

    def configuration(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        return JsonResponse({"issuer": f"{ISSUER}/", "jwks_uri": f"https://{CERTIFICATES}"})

    def certificates(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        return JsonResponse(keys.certificates())

    # Notices

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        """The event where the app may know who it is about, and data that is gone."""
        app, account = consents[0].app, consents[0].account
        granted = {scope for consent in consents for scope in consent.scopes}
        purged = how is End.ACCOUNT_DELETED
        kind = notices.ACCOUNT_PURGED if purged else notices.TOKENS_REVOKED
        events = [notices.event(kind, self.subject(account))] if granted & {EMAIL, PROFILE} else []
        return [*events, *notices.changes(app, self.account_id(account), granted, "DELETE")]

    def tells_news(self, consent: Consent) -> list[Told]:
        health_user_id = self.account_id(consent.account)
        return notices.changes(consent.app, health_user_id, consent.scopes, "UPSERT")

    def notice_body(self, notice: Notice, app: App, *, forged: bool) -> bytes:
        """An event is made out to the app and signed; what is no JSON object goes as it is."""
        body = notice.body.encode()
        if notice.content_type != SET:
            return body
        try:
            claims = {"aud": app.client_id, **json.loads(body)}
        except (TypeError, ValueError):
            return body
        return keys.signed(claims, "secevent+jwt", forged=forged).encode()

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        """Webhooks bring the subscriber's secret as well as Google's signature."""
        if not body.startswith((b"[", b"{")):
            return {}
        signature = keys.webhook_signature(body, forged=forged)
        return {"Authorization": app.notice_secret, "X-HEALTHAPI-SIGNATURE": signature}

    def may_send(self, notice: Notice) -> bool:
        return notice.content_type == SET or self.may_notify(notice.app)

    def may_notify(self, app: App) -> bool:
        """The address must take Google's test with the app's secret, and refuse it without."""
        if app.notice_verified_at is None and notices.passes_test(app):
            App.objects.filter(pk=app.pk).update(notice_verified_at=timezone.now())
            return True
        return app.notice_verified_at is not None


def _project(app: App) -> str:
    """The project's number; empty where the client id has none."""
    found = re.match(r"([0-9]+)-", app.client_id)
    return found[1] if found else ""


def _api_error(status: int, message: str) -> HttpResponse:
    error = {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}
    return JsonResponse({"error": error}, status=status)


PERSONALITY = Google()
