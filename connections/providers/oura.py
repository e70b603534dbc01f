"""Oura's API v2. https://cloud.ouraring.com/v2/docs"""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from connections.providers import notice_bodies, signing
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    NoticeMessage,
    Probe,
    ProviderError,
    Reply,
    Subscription,
    TokenSet,
)
from connections.providers.base import WearableAdapter, WearableProvider, text_id
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import json_value, refuse_unavailable
from connections.providers.notice_bodies import UNFIT
from terra_portal import clock

API = "https://api.ouraring.com"
DOCS = "https://cloud.ouraring.com"
SUBSCRIPTIONS = f"{API}/v2/webhook/subscription"
# One kind of event, and a rare one: none of them tells of a revocation.
EVENT: dict[str, str] = {"event_type": "delete", "data_type": "workout"}
RENEWED_BEFORE = timedelta(days=14)
# Ten tries take about an hour, and a late one may still carry the first one's time.
SIGNATURE_AGE = timedelta(hours=2)


class OuraAdapter(WearableAdapter):
    provider_id = "oura"
    authorize_url = "https://cloud.ouraring.com/oauth/authorize"
    access_token_url = f"{API}/oauth/token"
    revoke_url = f"{API}/oauth/revoke"


class OuraProvider(WearableProvider):
    id = "oura"
    name = display_name = "Oura"
    resource = "OURA"
    oauth2_adapter_class = OuraAdapter
    pkce_enabled_default = False
    hosts = ("cloud.ouraring.com", "api.ouraring.com")
    scope_labels: ClassVar = {
        "personal": "Age, height, weight and sex",
        "daily": "Daily sleep, activity and readiness",
        "heartrate": "Heart rate",
        "workout": "Workouts",
        "session": "Guided sessions",
        "tag": "Tags",
        "spo2": "Oxygen saturation",
    }
    console_url = f"{DOCS}/oauth/applications"
    identity_scopes = ("personal",)
    identity_url = probe_url = f"{API}/v2/usercollection/personal_info"
    revokes_with_access_token = True
    # Several within an access token's day: only a token within its time tells for certain.
    probe_every = timedelta(hours=8)
    probes_per_minute = 300
    subscribes_once = True
    hears = ("GET", "POST")
    facts = (
        Fact(
            About.CLIENT,
            "Secret in the body; no PKCE. Ten people until Oura has reviewed the application. "
            "Applications of the newer portal (scopes `extapi:…`, token address at "
            "moi.ouraring.com) are not served yet.",
            Confidence.DOCUMENTED,
            f"{DOCS}/docs/authentication",
        ),
        Fact(
            About.TOKENS,
            "Access tokens live about a day; a refresh token works once.",
            Confidence.DOCUMENTED,
            f"{DOCS}/docs/authentication",
        ),
        Fact(
            About.ACCOUNT,
            "`id` of the personal information, for which `personal` is needed.",
            Confidence.DOCUMENTED,
            f"{DOCS}/v2/docs",
        ),
        Fact(About.SECOND_CONSENT, "No official word.", Confidence.UNKNOWN),
        Fact(
            About.REVOKE,
            "The access token; what else ends with it is not said.",
            Confidence.CODE,
            f"{DOCS}/docs/authentication",
        ),
        Fact(
            About.SIGNAL,
            "None: webhooks tell of data only, and only a probe can tell.",
            Confidence.REPORTED,
            "https://docs.tryterra.co/help-center",
        ),
        Fact(
            About.PROOF,
            "`x-oura-signature`: upper-case hex HMAC-SHA256 over time and body, keyed by the "
            "client secret.",
            Confidence.DOCUMENTED,
            f"{DOCS}/v2/docs",
        ),
        Fact(
            About.DEAD,
            "401 from the API to a token within its time. 403 is a lapsed membership; "
            "`invalid_request` on refresh may be a dead token or the wrong address, and proves "
            "nothing.",
            Confidence.DOCUMENTED,
            f"{DOCS}/docs/error-handling",
        ),
        Fact(
            About.LIMITS,
            "5,000 calls in 5 minutes, told in `X-RateLimit-*`.",
            Confidence.REPORTED,
            f"{DOCS}/docs/error-handling",
        ),
    )

    def exchange(self, code: str, code_verifier: str, *, told_scope: str = "") -> TokenSet:
        """People untick scopes; where the token answer is silent, the way back tells which."""
        answer = super().exchange(code, code_verifier)
        if answer.scopes is None and told_scope:
            told = set(self.split_scopes(told_scope)) & self.scope_labels.keys()
            return replace(answer, scopes=sorted(told))
        return answer

    def extract_uid(self, data: dict[str, Any]) -> str:
        return text_id(data["id"])

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        """A token within its day that is refused; 403 is a membership that lapsed."""
        return status == 401

    def _deregister(self, held: Held) -> None:
        """The token stands in the address. What a dead one is answered is not said: we look."""
        query = urlencode({"access_token": held.access_token})
        auth = (self.credentials.client_id, self.credentials.client_secret)
        response = self.call("POST", f"{self.adapter.revoke_url}?{query}", auth=auth)
        refuse_unavailable(response)
        if response.is_success or (not held.has_run_out and self.probe(held) is Probe.DEAD):
            return
        raise ProviderError(Failure.UNUSABLE, str(response.status_code))

    # Notices

    def subscribe_application(self) -> Subscription | None:
        """Finds the order that stands at this address, renews it in time, or makes one.

        An order lasts for weeks, not for ever. Oura tests the address before it answers.
        """
        standing = [one for one in self._subscriptions() if self._is_ours(one)]
        if not standing:
            wanted = {
                **EVENT,
                "callback_url": self.credentials.notice_url,
                "verification_token": self._verification_token,
            }
            return _subscription(self._manage("POST", SUBSCRIPTIONS, json=wanted))
        found = _subscription(standing[0])
        if _ends_soon(standing[0].get("expiration_time")):
            self._manage("PUT", f"{SUBSCRIPTIONS}/renew/{quote(found.id, safe='')}")
        return found

    def _subscriptions(self) -> list[dict[str, Any]]:
        listed = self._manage("GET", SUBSCRIPTIONS)
        if not isinstance(listed, list):
            raise ProviderError(Failure.UNUSABLE, "subscriptions")
        return [one for one in listed if isinstance(one, dict)]

    def _is_ours(self, one: dict[str, Any]) -> bool:
        wanted = {**EVENT, "callback_url": self.credentials.notice_url}
        return wanted.items() <= one.items()

    def _manage(self, method: str, url: str, **kwargs: Any) -> Any:
        headers = {
            "x-client-id": self.credentials.client_id,
            "x-client-secret": self.credentials.client_secret,
        }
        response = self.call(method, url, headers=headers, **kwargs)
        refuse_unavailable(response)
        if response.is_success:
            return json_value(response)
        rejected = response.status_code == 401
        failure = Failure.INVALID_CLIENT if rejected else Failure.UNUSABLE
        raise ProviderError(failure, f"{response.status_code} to a subscription")

    @property
    def _verification_token(self) -> str:
        """What Oura shows when it tests the address: made of the secret, so nothing is kept."""
        return signing.digest(self.credentials.client_secret, b"verification token").hex()

    def hear(self, knock: Knock) -> Reply:
        """A GET is the test of the address: its challenge goes back to who knows our token."""
        if knock.method == "GET":
            given = knock.query.get("verification_token", "")
            signing.require_same(given, self._verification_token, "verification token")
            said = json.dumps({"challenge": knock.query.get("challenge", "")})
            return Reply(status=200, content=said, content_type="application/json")
        return super().hear(knock)

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        """Oura tells of data only; a well signed notice is taken and says nothing to us."""
        stamp = knock.headers.get("x-oura-timestamp", "")
        signed = stamp.encode("utf-8", "replace") + knock.body
        expected = signing.digest(self.credentials.client_secret, signed).hex().upper()
        signing.require_same(knock.headers.get("x-oura-signature", ""), expected)
        signing.require_recent(stamp, SIGNATURE_AGE)
        return notice_bodies.read(knock.body, lambda said: [])


def _subscription(said: Any) -> Subscription:
    """Raises ProviderError where there is no id to know it by."""
    named = text_id(said.get("id")) if isinstance(said, dict) else ""
    if not named or len(named) > 255 or not named.isprintable():
        raise ProviderError(Failure.UNUSABLE, "subscription without an id", outcome_known=False)
    return Subscription(named)


def _ends_soon(text: object) -> bool:
    """Also where it cannot be told. A time without an offset is meant in UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware - clock.now() < RENEWED_BEFORE
    except UNFIT:
        return True
