"""WHOOP's API v2. https://developer.whoop.com/docs/developing/oauth/"""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from connections.providers import notice_bodies, signing
from connections.providers.answers import Held, Knock, NoticeMessage, TokenSet
from connections.providers.base import WearableAdapter, WearableClient, WearableProvider
from connections.providers.facts import About, Confidence, Fact

API = "https://api.prod.whoop.com"
DOCS = "https://developer.whoop.com/docs/developing"
API_DOCS = "https://developer.whoop.com/api"
OFFLINE = "offline"
SIGNATURE_AGE = timedelta(minutes=5)


class WhoopClient(WearableClient):
    def refresh_access_token(self, refresh_token: str) -> dict[str, Any]:
        """`offline` is asked for again, or no refresh token comes back."""
        data = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": OFFLINE}
        return self.token_request(data)


class WhoopAdapter(WearableAdapter):
    provider_id = "whoop"
    client_class = WhoopClient
    authorize_url = f"{API}/oauth/oauth2/auth"
    access_token_url = f"{API}/oauth/oauth2/token"
    revoke_url = f"{API}/developer/v2/user/access"


class WhoopProvider(WearableProvider):
    id = "whoop"
    name = display_name = "WHOOP"
    resource = "WHOOP"
    oauth2_adapter_class = WhoopAdapter
    pkce_enabled_default = False
    hosts = ("api.prod.whoop.com",)
    scope_labels: ClassVar = {
        "read:recovery": "Recovery",
        "read:cycles": "Day strain",
        "read:sleep": "Sleep",
        "read:workout": "Workouts",
        "read:profile": "Name and e-mail",
        "read:body_measurement": "Height, weight and maximum heart rate",
    }
    own_client_because = (
        "WHOOP approves applications one by one, and an application of somebody else's is limited "
        "to its own members."
    )
    console_url = "https://developer-dashboard.whoop.com"
    flow_scopes = (OFFLINE,)
    identity_scopes = ("read:profile",)
    revokes_with_access_token = True
    identity_url = probe_url = f"{API}/developer/v2/user/profile/basic"
    # 10,000 calls a day for an application are seven a minute.
    probes_per_minute = 3
    facts = (
        Fact(
            About.CLIENT,
            "Secret in the body; PKCE is not documented and not sent; `state` of 8 characters or "
            "more.",
            Confidence.DOCUMENTED,
            f"{DOCS}/oauth/",
        ),
        Fact(
            About.TOKENS,
            "Access tokens live an hour. A refresh replaces both tokens and kills the earlier "
            "ones; without the scope `offline` there is no refresh token.",
            Confidence.DOCUMENTED,
            f"{DOCS}/oauth/",
        ),
        Fact(
            About.ACCOUNT,
            "`user_id` of the basic profile, which needs `read:profile`.",
            Confidence.DOCUMENTED,
            API_DOCS,
        ),
        Fact(About.SECOND_CONSENT, "No official word.", Confidence.UNKNOWN),
        Fact(
            About.REVOKE,
            "`DELETE /developer/v2/user/access`: the person's access for the application.",
            Confidence.DOCUMENTED,
            API_DOCS,
        ),
        Fact(About.SIGNAL, "None: only a probe can tell.", Confidence.UNKNOWN),
        Fact(
            About.PROOF,
            "`X-WHOOP-Signature`: base64 HMAC-SHA256 over time in milliseconds and body.",
            Confidence.DOCUMENTED,
            f"{DOCS}/webhooks/",
        ),
        Fact(
            About.DEAD,
            "401 from the API, in plain words; `invalid_grant` on refresh.",
            Confidence.CODE,
        ),
        Fact(
            About.LIMITS,
            "100 calls a minute, 10,000 a day.",
            Confidence.DOCUMENTED,
            f"{DOCS}/rate-limiting/",
        ),
    )

    def refresh(self, held: Held) -> TokenSet:
        """An answer that names nothing but `offline` says no more than was asked: no news."""
        answer = super().refresh(held)
        return replace(answer, scopes=answer.scopes or None)

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        """A token within its hour that is refused: there is no other cause for a 401."""
        return status == 401

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        """WHOOP tells of new data only; a well signed notice is taken and says nothing to us."""
        stamp = knock.headers.get("X-WHOOP-Signature-Timestamp", "")
        expected = signature(self.credentials.client_secret, stamp, knock.body)
        signing.require_same(knock.headers.get("X-WHOOP-Signature", ""), expected)
        signing.require_recent(stamp, SIGNATURE_AGE, per_second=1000)
        return notice_bodies.read(knock.body, lambda said: [])


def signature(client_secret: str, stamp: str, body: bytes) -> str:
    return signing.base64_digest(client_secret, stamp.encode("utf-8", "replace") + body)
