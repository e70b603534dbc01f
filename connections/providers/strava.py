"""Strava's API v3. https://developers.strava.com/docs/authentication/

The API's host is announced to move to api-v3.strava.com in 2027.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from allauth.socialaccount.providers.strava.views import StravaOAuth2Adapter

from connections.providers import notice_bodies, signing
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
    Reply,
    Subscription,
    TokenSet,
)
from connections.providers.base import WearableAdapter, WearableProvider, text_id
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import expected_shape, json_value, require_success

DOCS = "https://developers.strava.com/docs"
POLICY = "https://www.strava.com/legal/api_policy"
SUBSCRIPTIONS_URL = "https://www.strava.com/api/v3/push_subscriptions"
SIGNATURE_AGE = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class StravaAdapter(WearableAdapter, StravaOAuth2Adapter):  # type: ignore[misc]
    """allauth's own addresses, with a comma between scopes."""

    scope_delimiter = ","
    revoke_url = "https://www.strava.com/oauth/revoke"


class StravaProvider(WearableProvider):
    id = "strava"
    name = display_name = "Strava"
    resource = "STRAVA"
    oauth2_adapter_class = StravaAdapter
    pkce_enabled_default = False
    hosts = ("www.strava.com",)
    scope_labels: ClassVar = {
        "read": "Public profile",
        "activity:read": "Activities that followers see",
        "activity:read_all": "All activities, private ones too",
        "profile:read_all": "Whole profile, with weight and zones",
    }
    own_client_because = (
        "Strava's terms bar intermediaries, so that an application may serve one company only."
    )
    console_url = "https://www.strava.com/settings/api"
    # The probe reads the profile.
    identity_scopes = ("read",)
    probe_url = StravaOAuth2Adapter.profile_url
    # 100 reads in 15 minutes and 1,000 a day for an application.
    probes_per_minute = 0.3
    # Signed where it brings a signature that fits, which is not settled.
    tells = NoticeKind.DOUBT
    subscribes_once = True
    hears = ("GET", "POST")
    heard_status = 200
    facts = (
        Fact(
            About.CLIENT,
            "Secret in the body; no PKCE; scopes with commas; an application for each company.",
            Confidence.DOCUMENTED,
            f"{DOCS}/authentication/",
        ),
        Fact(
            About.TOKENS,
            "Access tokens live 6 hours. A refresh may return another refresh token, and then the "
            "older one is dead; until its last hour it returns the same access token.",
            Confidence.DOCUMENTED,
            f"{DOCS}/authentication/",
        ),
        Fact(
            About.ACCOUNT,
            "`athlete.id` in the answer to a code; a refresh names nobody.",
            Confidence.DOCUMENTED,
            f"{DOCS}/authentication/",
        ),
        Fact(
            About.SECOND_CONSENT,
            "One lineage of tokens for a person and an application.",
            Confidence.INFERRED,
            f"{DOCS}/authentication/",
        ),
        Fact(
            About.REVOKE,
            "Every token of the person under the application.",
            Confidence.DOCUMENTED,
            f"{DOCS}/authentication/",
        ),
        Fact(
            About.SIGNAL,
            'An event with `updates.authorized` of `"false"`, once the application is subscribed.',
            Confidence.DOCUMENTED,
            f"{DOCS}/webhooks/",
        ),
        Fact(
            About.PROOF,
            "Sources conflict. Where `X-Strava-Signature` fits a secret of ours the event counts; "
            "else its subscription id has to be ours, and it only asks for a probe.",
            Confidence.REPORTED,
        ),
        Fact(
            About.DEAD,
            "401 with an invalid `access_token`; 400 with an invalid `RefreshToken`. A missing "
            "scope answers 401 too, and the token stays good.",
            Confidence.CODE,
        ),
        Fact(
            About.LIMITS,
            "Reads: 100 in 15 minutes, 1,000 a day. The standard tier holds 10 people.",
            Confidence.DOCUMENTED,
            POLICY,
        ),
    )

    # Tokens

    def exchange(self, code: str, code_verifier: str, *, told_scope: str = "") -> TokenSet:
        """What was ticked stands in the redirect's `scope`, not in the token answer."""
        answer = super().exchange(code, code_verifier)
        ticked = [scope for scope in self.scope_labels if scope in told_scope.split(",")]
        return replace(answer, scopes=ticked) if told_scope else answer

    def extract_uid(self, data: dict[str, Any]) -> str:
        athlete = data.get("athlete")
        return text_id(athlete.get("id")) if isinstance(athlete, dict) else ""

    def read_refusal(self, status: int, body: dict[str, Any]) -> Failure:
        """Refusals come as `{"errors": [{"resource": …, "field": …, "code": …}]}`."""
        named = {resource: code for resource, _, code in _errors(body)}
        if "Application" in named:
            return Failure.INVALID_CLIENT
        if named.get("RefreshToken") == "invalid":
            return Failure.INVALID_GRANT
        return super().read_refusal(status, body)

    # Revoke and probe

    def revoke(self, held: Held) -> None:
        """RFC 7009 with HTTP Basic, though tokens are asked for with the secret in the body."""
        token, hint = held.refresh_token, "refresh_token"
        if not token:
            token, hint = held.access_token, "access_token"
        response = self.call(
            "POST",
            self.adapter.revoke_url,
            data={"token": token, "token_type_hint": hint},
            auth=(self.credentials.client_id, self.credentials.client_secret),
        )
        require_success(response, "to the revoke", of_application=True)

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        """A missing scope, or an application in disgrace, answers 401 as well."""
        said = _errors(body)
        invalid = any((field, code) == ("access_token", "invalid") for _, field, code in said)
        return status == 401 and invalid and all(what != "Application" for what, _, _ in said)

    # Notices

    def subscribe_application(self) -> Subscription | None:
        """Finds the subscription of the application, or makes it. Strava allows one.

        One that leads elsewhere is the company's business.
        """
        for entry in self._standing():
            with expected_shape("subscriptions"):
                ours = entry["callback_url"] == self.credentials.notice_url
                return self._subscription(entry["id"]) if ours else None
        order = self._application() | {
            "callback_url": self.credentials.notice_url,
            "verify_token": verify_token(self.credentials.client_secret),
        }
        response = self.call("POST", SUBSCRIPTIONS_URL, data=order)
        made = json_value(require_success(response, "to the subscription", of_application=True))
        with expected_shape("subscription"):
            return self._subscription(made["id"])

    def _standing(self) -> list[Any]:
        response = self.call("GET", SUBSCRIPTIONS_URL, params=self._application())
        listed = json_value(require_success(response, "to the subscriptions", of_application=True))
        with expected_shape("subscriptions"):
            return list(listed)

    def _application(self) -> dict[str, str]:
        """How these calls prove themselves, the reading one in its address."""
        secret = self.credentials.client_secret
        return {"client_id": self.credentials.client_id, "client_secret": secret}

    def _subscription(self, given_id: object) -> Subscription:
        known = text_id(given_id)
        if not known:
            raise ValueError("no id")
        return Subscription(known, self.credentials.notice_secret)

    def hear(self, knock: Knock) -> Reply:
        """A GET is the test of the address: the challenge comes back to whoever knows the word."""
        if knock.method != "GET":
            return super().hear(knock)
        word = verify_token(self.credentials.client_secret)
        signing.require_same(knock.query.get("hub.verify_token", ""), word, "verify token")
        told = json.dumps({"hub.challenge": knock.query.get("hub.challenge", "")})
        return Reply(status=200, content=told, content_type="application/json")

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        """https://developers.strava.com/docs/webhooks/"""
        signed = self._is_signed(knock)

        def facts(said: dict[str, Any]) -> list[NoticeMessage]:
            if not signed:
                given = text_id(said["subscription_id"])
                signing.require_same(given, self.credentials.subscription_id, "subscription")
            return _facts(said, NoticeKind.REVOKED if signed else NoticeKind.DOUBT)

        return notice_bodies.read(knock.body, facts)

    def _is_signed(self, knock: Knock) -> bool:
        """`t=…,v1=…` fits: with a secret that somebody gave us for it, or with the client's."""
        header = knock.headers.get("X-Strava-Signature", "")
        parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
        stamp, given = parts.get("t", ""), parts.get("v1", "")
        for secret in (self.credentials.notice_secret, self.credentials.client_secret):
            if not secret:
                continue  # anybody can sign with an empty one
            try:
                signing.require_same(given, signature(secret, stamp, knock.body))
                signing.require_recent(stamp, SIGNATURE_AGE)
            except NotVerifiedError:
                continue
            return True
        return False


def signature(secret: str, stamp: str, body: bytes) -> str:
    return signing.hex_digest(secret, stamp.encode("utf-8", "replace") + b"." + body)


def verify_token(client_secret: str) -> str:
    """The word that Strava repeats when it tests the address; nobody else can know it."""
    return signing.hex_digest(client_secret, b"push_subscriptions")


def _facts(said: dict[str, Any], kind: NoticeKind) -> list[NoticeMessage]:
    """Events about activities say nothing to us; `"false"` is a text."""
    revoked = said["object_type"] == "athlete" and said["aspect_type"] == "update"
    if not revoked or said["updates"].get("authorized") != "false":
        return []
    seconds = said["event_time"]
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise ValueError("no time")
    when = EPOCH + timedelta(seconds=seconds)
    return [NoticeMessage(kind, text_id(said["owner_id"]), occurred_at=when)]


def _errors(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Resource, field and code of each error that is named."""
    errors = body.get("errors")
    return [
        (str(one.get("resource")), str(one.get("field")), str(one.get("code")))
        for one in (errors if isinstance(errors, list) else [])
        if isinstance(one, dict)
    ]
