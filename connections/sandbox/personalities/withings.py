"""Withings' public API. https://developer.withings.com/api-reference/

One address answers to several ``action``s, always with HTTP 200: how it went stands in the
``status`` of the envelope. A revoke needs no token, only a signature over a nonce. Notices are
ordered one by one for each person, unsigned, and come as forms; those of ``appli`` 46 tell that
an app was unlinked, an account deleted or a profile changed.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .. import revocation
from ..failures import Caller, parameter
from ..models import AccessToken, Account, App, Consent, Subscription
from ..models.consent import End
from ..notices import Told
from ..personality import Auth, Personality, Pkce
from ..reach import reach
from ..refusal import Refusal
from ..routes import Route

INFO, METRICS, ACTIVITY = "user.info", "user.metrics", "user.activity"
SLEEP_EVENTS = "user.sleepevents"
USER_EVENTS = "46"
# What can be subscribed to, and the scope that it needs.
APPLIS = {
    **dict.fromkeys(("1", "2", "4", "58"), METRICS),
    **dict.fromkeys(("16", "44", "54", "62"), ACTIVITY),
    **dict.fromkeys(("50", "51", "52"), SLEEP_EVENTS),
    USER_EVENTS: INFO,
}
LONGEST_ADDRESS = 255
FORM = "application/x-www-form-urlencoded"

# https://developer.withings.com/api-reference/#section/Response-status
DONE, INVALID_PARAMS, TOO_MANY = 0, 503, 601
STATUSES = {
    "invalid_token": 401,
    "expired_token": 401,
    "insufficient_scope": 403,
    "no_subscription": 294,
    "unfit_callback": 293,
    "unknown_action": 2554,
    "not_found": 2556,
    "method_not_allowed": 2556,
}
INVALID_TOKEN = "XRequestID: Not provided invalid_token: The access token provided is invalid"  # noqa: S105 - words
WORDS = {
    "invalid_token": INVALID_TOKEN,
    "expired_token": INVALID_TOKEN,
    "insufficient_scope": (
        "XRequestID: Not provided Insufficient_scope: The request requires higher privileges than "
        "provided by the access token"
    ),
    "invalid_client": "Invalid Params: invalid client id/secret",
    "invalid_grant": "Invalid Params: invalid refresh_token",
    "no_subscription": "No such subscription was found",
    "unfit_callback": "The callback URL is either absent or incorrect",
    "unknown_action": "Wrong action or wrong webservice",
    "not_found": "Service is not defined",
    "method_not_allowed": "Service is not defined",
}


class Withings(Personality):
    id = "withings"
    name = "Withings"
    authorize_paths = ("account.withings.com/oauth2_user/authorize2",)
    scopes: ClassVar = {
        INFO: "Profile and devices",
        METRICS: "Weight, blood pressure, temperature and heart rate",
        ACTIVITY: "Steps, workouts and sleep",
        SLEEP_EVENTS: "Getting into bed and out of it",
    }
    scope_separator = ","
    pkce = Pkce.IGNORED
    client_auth = frozenset({Auth.BODY})
    defaults: ClassVar = {
        "access_token_seconds": 10_800,
        "code_seconds": 30,
        "refresh_grace_seconds": 28_800,
        "refresh_token_seconds": 31_536_000,
    }
    revoke_ends_all = True
    accounts_can_be_deleted = True

    def routes(self) -> list[Route]:
        host = "wbsapi.withings.net"
        oauth, notify = f"{host}/v2/oauth2", f"{host}/notify"
        return [
            Route("POST", oauth, self.token, "token", action="requesttoken"),
            Route("POST", oauth, self.revoke, "revoke", action="revoke"),
            Route("POST", f"{host}/v2/signature", self.nonce, "nonce", action="getnonce"),
            Route("POST", notify, self.subscriptions, "me", action="list"),
            Route("POST", notify, self.subscribe, "subscribe", action="subscribe"),
            Route("POST", notify, self.unsubscribe, "subscribe", action="revoke"),
        ]

    def account_id(self, account: Account) -> str:
        return str(10_000_000 + self.digest(account) % 90_000_000)

    # Tokens

    def form(self, request: HttpRequest) -> dict[str, str]:
        """A signature over a nonce may stand in the secret's place."""
        form = request.POST.dict()
        if "signature" in form:
            form["client_secret"] = self._signer(form, "nonce").client_secret
        return form

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        body = {**tokens, "userid": self.account_id(consent.account)}
        body["csrf_token"] = secrets.token_hex(16)
        if "scope" in body:
            body["scope"] = body["scope"].replace(" ", self.scope_separator)
        return {"status": DONE, "body": body}

    def explain(self, refusal: Refusal, form: Mapping[str, str]) -> str:
        if refusal.error == "invalid_grant" and form.get("grant_type") == "authorization_code":
            return "Invalid Params: invalid code"
        if refusal.error == "unsupported_grant_type":
            return "Invalid Params: invalid grant_type"
        return ""

    def refuse(self, refusal: Refusal) -> HttpResponse:
        words = WORDS.get(refusal.error, f"Invalid Params: {refusal.error}")
        return _refused(STATUSES.get(refusal.error, INVALID_PARAMS), refusal.description or words)

    def turn_away(self, status: int, kind: str) -> HttpResponse:
        """Its own limit and its own doors are told in the envelope; what is gone is gone."""
        if status == 429:
            return _refused(TOO_MANY, "Too Many Requests")
        if status == 403:
            return _refused(STATUSES["insufficient_scope"], WORDS["insufficient_scope"])
        return super().turn_away(status, kind)

    # The revoke

    def nonce(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """Good for one signature. https://developer.withings.com/developer-guide/v3/get-access/sign-your-requests"""
        form = request.POST.dict()
        caller.client_id = form.get("client_id", "")[:255]
        app, nonce = self._signer(form, "timestamp"), secrets.token_hex(20)
        Subscription.objects.create(personality=self.id, app=app, kind="nonce", key=nonce)
        return _done({"nonce": nonce})

    def revoke(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """It is as good as done for who has no tokens left."""
        form = request.POST.dict()
        caller.client_id = form.get("client_id", "")[:255]
        app = self._signer(form, "nonce")
        known = Consent.objects.filter(app=app).select_related("account").order_by("-pk")
        named = [one for one in known if self.account_id(one.account) == form.get("userid")]
        if not named:
            raise Refusal("invalid_request", "Invalid Params: invalid userid")
        caller.account = named[0].account.name
        revocation.by_client(named[0])
        return _done({})

    def _signer(self, form: Mapping[str, str], last: str) -> App:
        """Whose secret signed the action, the client's id and what stands under ``last``.

        A nonce is spent by it. Raises ``Refusal``.
        """
        app = App.objects.filter(personality=self.id, client_id=form.get("client_id", "")).first()
        if app is None:
            raise Refusal("invalid_client")
        signed = ",".join(form.get(name, "") for name in ("action", "client_id", last))
        expected = hmac.new(app.client_secret.encode(), signed.encode("utf-8", "replace"), "sha256")
        if not constant_time_compare(form.get("signature", ""), expected.hexdigest()):
            raise Refusal("invalid_request", "Invalid Params: invalid signature")
        given = {"personality": self.id, "app": app, "kind": "nonce"}
        nonces = Subscription.objects.filter(key=form.get("nonce", ""), **given)
        if last == "nonce" and not nonces.delete()[0]:
            raise Refusal("invalid_request", "Invalid Params: invalid nonce")
        found: App = app
        return found

    # Subscriptions

    def subscriptions(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        listed = self._of(self.bearer(request, caller)).order_by("pk")
        if appli := parameter(request, "appli"):
            listed = listed.filter(kind=appli)
        shown = [
            {"appli": int(one.kind), "callbackurl": one.url, "comment": one.details["comment"]}
            for one in listed
        ]
        return _done({"profiles": shown})

    def subscribe(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """Orders what is ordered already once more without harm."""
        found, appli, url = self._ordered(request, caller)
        # Plain http and any port will do here, which Withings itself does not take.
        test = reach("HEAD", url) if url and len(url) <= LONGEST_ADDRESS else None
        if test is None or test.status_code != 200:
            raise Refusal("unfit_callback")
        Subscription.objects.get_or_create(
            personality=self.id,
            app=found.application,
            account=found.user,
            kind=appli,
            url=url,
            defaults={
                "key": hashlib.sha256(url.encode()).hexdigest(),
                "details": {"comment": parameter(request, "comment")[:255]},
            },
        )
        return _done({})

    def unsubscribe(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        found, appli, url = self._ordered(request, caller)
        if not self._of(found).filter(kind=appli, url=url).delete()[0]:
            raise Refusal("no_subscription")
        return _done({})

    def _ordered(self, request: HttpRequest, caller: Caller) -> tuple[AccessToken, str, str]:
        found, appli = self.bearer(request, caller), parameter(request, "appli")
        if appli not in APPLIS:
            raise Refusal("invalid_request", "Invalid Params: invalid appli")
        if APPLIS[appli] not in found.consent.scopes:
            raise Refusal("insufficient_scope")
        return found, appli, parameter(request, "callbackurl")

    def _of(self, found: AccessToken) -> QuerySet[Subscription]:
        return self._standing(found.application, found.user)

    def _standing(self, app: App, account: Account) -> QuerySet[Subscription]:
        return Subscription.objects.filter(personality=self.id, app=app, account=account)

    # Notices

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        """To each address that was ordered. All orders end with the consent."""
        app, account = consents[0].app, consents[0].account
        action = "delete" if how is End.ACCOUNT_DELETED else "unlink"
        standing = self._standing(app, account)
        told = [self._event(one, action) for one in standing.filter(kind=USER_EVENTS)]
        standing.delete()
        return told

    def tells_news(self, consent: Consent) -> list[Told]:
        standing = self._standing(consent.app, consent.account).order_by("pk")
        return [
            self._event(one, "update") if one.kind == USER_EVENTS else self._data(one)
            for one in standing
        ]

    def _event(self, subscription: Subscription, action: str) -> Told:
        return self._told(subscription, action=action)

    def _data(self, subscription: Subscription) -> Told:
        now = timezone.now()
        started = int((now - timedelta(hours=1)).timestamp())
        return self._told(subscription, startdate=started, enddate=int(now.timestamp()))

    def _told(self, subscription: Subscription, **more: Any) -> Told:
        assert subscription.account is not None
        said = {"userid": self.account_id(subscription.account), "appli": subscription.kind}
        return Told(urlencode({**said, **more}), content_type=FORM, url=subscription.url)

    def is_heard(self, status: int) -> bool:
        return status < 400


def _done(body: Mapping[str, Any]) -> HttpResponse:
    return JsonResponse({"status": DONE, "body": body})


def _refused(status: int, error: str) -> HttpResponse:
    return JsonResponse({"status": status, "body": {}, "error": error})


PERSONALITY = Withings()
