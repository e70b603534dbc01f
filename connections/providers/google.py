"""Google's Health API, the successor of Fitbit's own. https://developers.google.com/health"""

import re
from dataclasses import replace
from typing import Any, ClassVar

from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter

from connections.providers import google_notices, notice_bodies, signing
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    NoticeKind,
    NoticeMessage,
    ProviderError,
    Reply,
    TokenSet,
)
from connections.providers.base import WearableAdapter, WearableProvider, text_id
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import json_object, refuse_unavailable

API = "https://health.googleapis.com/v4"
DOCS = "https://developers.google.com/health"
IDENTITY = "https://developers.google.com/identity/protocols"
SCOPES = "https://www.googleapis.com/auth/googlehealth"
# What `email` is called in answers.
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
CLIENT_ID = re.compile(r"([0-9]{1,30})-[0-9a-z]+\.apps\.googleusercontent\.com")


class GoogleHealthAdapter(WearableAdapter, GoogleOAuth2Adapter):  # type: ignore[misc]
    """Where to ask and to exchange, allauth knows."""

    revoke_url = "https://oauth2.googleapis.com/revoke"


class GoogleHealthProvider(WearableProvider):
    id = "google"
    name = display_name = "Google Health"
    resource = "GOOGLE"
    oauth2_adapter_class = GoogleHealthAdapter
    hosts = (
        "accounts.google.com",
        "oauth2.googleapis.com",
        "health.googleapis.com",
        "www.gstatic.com",
        "www.googleapis.com",
    )
    scope_labels: ClassVar = {
        f"{SCOPES}.activity_and_fitness.readonly": "Steps, workouts and calories",
        f"{SCOPES}.health_metrics_and_measurements.readonly": "Heart rate, weight and the like",
        f"{SCOPES}.sleep.readonly": "Sleep",
        f"{SCOPES}.nutrition.readonly": "Food and water",
        f"{SCOPES}.profile.readonly": "Profile",
    }
    console_url = "https://console.cloud.google.com/auth/clients"
    notice_secret_name = "Authorization secret of the subscriber"  # noqa: S105 - a label
    notice_steps = (
        "Google’s console has no field for it, and the portal holds no key of your project: with a "
        "service account of the project, create a subscriber of the Health API with this notice "
        "URL and an Authorization secret, which you give below, and register the same URL as a "
        "receiver of Cross-Account Protection. It is how we hear that somebody revoked access."
    )
    # So that security events name the person: nothing that is read.
    flow_scopes = ("openid", "email")
    identity_url = probe_url = f"{API}/users/me/identity"
    probes_per_minute = 600
    # By a security event; a webhook only asks for a probe.
    tells = NoticeKind.REVOKED
    facts = (
        Fact(
            About.CLIENT,
            "Secret in the body; PKCE is optional and sent. One application may serve every "
            "company.",
            Confidence.DOCUMENTED,
            f"{IDENTITY}/oauth2/web-server",
        ),
        Fact(
            About.TOKENS,
            "Access tokens live an hour. A refresh token stays; it ends after six months unused, "
            "after the time that the person chose, after 7 days while the consent screen is in "
            "testing, and when an account has more than 100 of them for the application.",
            Confidence.DOCUMENTED,
            f"{IDENTITY}/oauth2#expiration",
        ),
        Fact(
            About.ACCOUNT,
            "`healthUserId` of the identity; security events name the account by `sub` instead. "
            "An account without Google Health cannot be connected (400 `ACCOUNT_NOT_LINKED`).",
            Confidence.DOCUMENTED,
            f"{DOCS}/reference/rest/v4/users/getIdentity",
        ),
        Fact(
            About.SECOND_CONSENT,
            "Earlier refresh tokens live on.",
            Confidence.DOCUMENTED,
            f"{IDENTITY}/oauth2#expiration",
        ),
        Fact(
            About.REVOKE,
            "Everything that the person granted to the project, through all of its clients.",
            Confidence.DOCUMENTED,
            f"{IDENTITY}/oauth2/web-server#tokenrevoke",
        ),
        Fact(
            About.SIGNAL,
            "A security event `tokens-revoked`, where a receiver is registered. A webhook with "
            "`DELETE` may come of it as well. Both are ordered by a service account, by hand. An "
            "event about a single token names no account.",
            Confidence.DOCUMENTED,
            f"{IDENTITY}/risc",
        ),
        Fact(
            About.PROOF,
            "Webhooks: ECDSA P-256 over the body, by Google’s published keys, and our own "
            "Authorization secret. Security events: a JWT, RS256, made out to the client id.",
            Confidence.DOCUMENTED,
            f"{DOCS}/webhooks",
        ),
        Fact(
            About.DEAD,
            "401 `UNAUTHENTICATED` from the API to a token within its hour; `invalid_grant` on "
            "refresh, which an expired refresh token is answered with as well.",
            Confidence.DOCUMENTED,
            f"{DOCS}/troubleshooting",
        ),
        Fact(
            About.LIMITS,
            "120,000 calls a minute for a project, 300 for each person.",
            Confidence.DOCUMENTED,
            f"{DOCS}/rate-limits",
        ),
    )

    @classmethod
    def revoke_group(cls, client_id: str) -> str:
        """The number of the project, with which its client ids begin."""
        found = CLIENT_ID.fullmatch(client_id)
        return found[1] if found else ""

    def get_auth_params(self) -> dict[str, str]:
        """Without both there is no refresh token from the second consent on."""
        return {"access_type": "offline", "prompt": "consent"}

    def extract_uid(self, data: dict[str, Any]) -> str:
        return text_id(data["healthUserId"])

    def introduce(self, answer: TokenSet, data: dict[str, Any]) -> TokenSet:
        answer = super().introduce(answer, data)
        sub = google_notices.account_of(data.get("id_token"), self.credentials.client_id)
        return replace(answer, alternate_id=sub)

    def split_scopes(self, scope: str) -> list[str]:
        return [one for one in super().split_scopes(scope) if one != EMAIL]

    def read_refusal(self, status: int, body: dict[str, Any]) -> Failure:
        """With `error_subtype` a Workspace only wants the person to sign in once more.

        https://support.google.com/a/answer/9368756
        """
        if body.get("error_subtype"):
            return Failure.UNUSABLE
        return super().read_refusal(status, body)

    def _revoke_token(self, held: Held) -> None:
        """No client is named; a token that was dead before is `invalid_token`."""
        url = self.adapter.revoke_url
        response = self.call("POST", url, data={"token": held.refresh_token or held.access_token})
        refuse_unavailable(response)
        if response.is_success or json_object(response).get("error") == "invalid_token":
            return
        raise ProviderError(Failure.UNUSABLE, str(response.status_code))

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        error = body.get("error")
        named = error.get("status") if isinstance(error, dict) else ""
        return status == 401 and named == "UNAUTHENTICATED"

    # Notices

    def hear(self, knock: Knock) -> Reply:
        """A security event, a webhook, or the test of the webhook's address."""
        if google_notices.SET in knock.headers.get("Content-Type", "").lower():
            return Reply(google_notices.read_events(self, knock.body), status=202)
        secret = self.credentials.notice_secret
        signing.require_same(knock.headers.get("Authorization", ""), secret, "authorization")
        if google_notices.is_test(knock.body):
            return Reply(status=201)
        return super().hear(knock)

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        headers = [knock.headers.get(name, "") for name in google_notices.SIGNATURES]
        google_notices.verify_webhook(self, next(filter(None, headers), ""), knock.body)
        return notice_bodies.read(knock.body, google_notices.webhook_facts)
