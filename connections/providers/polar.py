"""Polar's AccessLink API v3. https://www.polar.com/accesslink-api/

A token without an end and without a refresh; a registration that each person needs besides it.
"""

import json
from typing import Any, ClassVar
from urllib.parse import quote

import httpx

from connections.providers import notice_bodies, signing
from connections.providers.answers import (
    Knock,
    NoticeMessage,
    Probe,
    Reply,
    Subscription,
    TokenSet,
)
from connections.providers.base import WearableAdapter, WearableProvider, text_id
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import expected_shape, json_object, require_success
from terra_portal import crypto

API = "https://www.polaraccesslink.com/v3"
DOCS = "https://www.polar.com/accesslink-api/"
USERS_URL = f"{API}/users"
WEBHOOKS_URL = f"{API}/webhooks"
ALREADY_REGISTERED = 409
NOT_FOUND = 204
EVENTS = (
    "EXERCISE",
    "SLEEP",
    "CONTINUOUS_HEART_RATE",
    "ACTIVITY_SUMMARY",
    "PHYSICAL_INFORMATION",
)


class PolarAdapter(WearableAdapter):
    provider_id = "polar"
    basic_auth = True
    authorize_url = "https://flow.polar.com/oauth2/authorization"
    access_token_url = "https://polarremote.com/v2/oauth2/token"  # noqa: S105 - an address
    revoke_url = f"{USERS_URL}/{{user_id}}"


class PolarProvider(WearableProvider):
    id = "polar"
    name = display_name = "Polar"
    resource = "POLAR"
    oauth2_adapter_class = PolarAdapter
    pkce_enabled_default = False
    hosts = ("flow.polar.com", "polarremote.com", "www.polaraccesslink.com")
    scope_labels: ClassVar = {
        "accesslink.read_all": "Workouts, sleep, heart rate and daily activity",
    }
    console_url = "https://admin.polaraccesslink.com"
    probe_url = f"{USERS_URL}/{{user_id}}"
    revokes_with_access_token = True
    refreshes = False
    # 500 calls in 15 minutes and 5,000 a day for an application, and some more for each person.
    probes_per_minute = 1.5
    subscribes_once = True
    heard_status = 200
    facts = (
        Fact(
            About.CLIENT,
            "HTTP Basic only; no PKCE; each person is registered with the application after the "
            "exchange.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.TOKENS,
            "Access tokens live until they are revoked; there is no refresh token.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(About.ACCOUNT, "`x_user_id` in the token answer.", Confidence.DOCUMENTED, DOCS),
        Fact(
            About.SECOND_CONSENT,
            "The registration answers 409, which is as good as done; no word on earlier tokens.",
            Confidence.UNKNOWN,
        ),
        Fact(
            About.REVOKE,
            "`DELETE /v3/users/{user-id}`: the token, and the registration with the application.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(About.SIGNAL, "None: only a probe can tell.", Confidence.UNKNOWN),
        Fact(
            About.PROOF,
            "`Polar-Webhook-Signature`: hex HMAC-SHA256 over the body, keyed by a secret that is "
            "told once; the `PING` that tests the address is unsigned.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.DEAD,
            "401 from the API. 403 speaks of a missing consent and 204 of a missing registration: "
            "neither proves anything.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.LIMITS,
            "500 calls in 15 minutes and 5,000 a day, with 20 and 100 more for each person.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
    )

    def call(
        self, method: str, url: str, *, access_token: str = "", **kwargs: Any
    ) -> httpx.Response:
        """Asks for JSON, for Polar speaks XML too."""
        kwargs["headers"] = {"Accept": "application/json", **(kwargs.get("headers") or {})}
        return super().call(method, url, access_token=access_token, **kwargs)

    # The account

    def extract_uid(self, data: dict[str, Any]) -> str:
        return text_id(data.get("x_user_id"))

    def introduce(self, answer: TokenSet, data: dict[str, Any]) -> TokenSet:
        """Registers the person, without which nothing can be read."""
        if answer.provider_user_id:
            self.insist(lambda: self._register(answer))
        return answer

    def _register(self, answer: TokenSet) -> None:
        """409 says that it was done before; 403 that a consent of Polar's own is missing."""
        member = {"member-id": member_id(answer.provider_user_id)}
        response = self.call("POST", USERS_URL, json=member, access_token=answer.access_token)
        if response.status_code != ALREADY_REGISTERED:
            require_success(response, "to the registration")

    # Probe

    def read_probe(self, response: httpx.Response) -> Probe:
        """A person who is not found has no registration, which says nothing of the token."""
        if response.status_code == NOT_FOUND:
            return Probe.UNSURE
        return super().read_probe(response)

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        """A token that lives until it is revoked, refused: there is no other cause for a 401."""
        return status == 401

    # Notices

    def subscribe_application(self) -> Subscription | None:
        """Finds the webhook of the application, or makes it. Polar allows one.

        Its secret is told at its making alone: without it ours is made anew. One that leads
        elsewhere is the company's business.
        """
        standing = self._standing()
        if standing is None:
            return self._make()
        if standing["url"].rstrip("/") != self.credentials.notice_url.rstrip("/"):
            return None
        if self.credentials.notice_secret:
            return Subscription(standing["id"], self.credentials.notice_secret)
        self._ask("DELETE", f"{WEBHOOKS_URL}/{quote(standing['id'], safe='')}")
        return self._make()

    def _standing(self) -> dict[str, str] | None:
        response = self._ask("GET", WEBHOOKS_URL)
        if response.status_code == NOT_FOUND:
            return None
        with expected_shape("webhooks"):
            listed = json_object(response)["data"]
            entries = listed if isinstance(listed, list) else [listed]
            found = [{"id": _known(one), "url": str(one["url"])} for one in entries if one]
        return found[0] if found else None

    def _make(self) -> Subscription:
        """Polar knocks with a PING before it answers."""
        order = {"events": EVENTS, "url": self.credentials.notice_url}
        made = json_object(self._ask("POST", WEBHOOKS_URL, json=order))
        with expected_shape("webhook"):
            told = made["data"]
            secret = told["signature_secret_key"]
            if not isinstance(secret, str) or not secret:
                raise ValueError("no secret")
            return Subscription(_known(told), secret)

    def _ask(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        auth = (self.credentials.client_id, self.credentials.client_secret)
        response = self.call(method, url, auth=auth, **kwargs)
        return require_success(response, "to the webhooks", of_application=True)

    def hear(self, knock: Knock) -> Reply:
        """A PING comes before there is a secret, and nothing follows from it."""
        return Reply(status=self.heard_status) if _is_ping(knock.body) else super().hear(knock)

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        """Polar tells of new data only; a well signed notice is taken and says nothing to us."""
        expected = signature(self.credentials.notice_secret, knock.body)
        signing.require_same(knock.headers.get("Polar-Webhook-Signature", ""), expected)
        return notice_bodies.read(knock.body, lambda said: [])


def member_id(provider_user_id: str) -> str:
    """What Polar calls the person for us: the same at every consent, and no company's own id."""
    return f"terra-portal-{crypto.sha256(provider_user_id)[:32]}"


def signature(secret: str, body: bytes) -> str:
    return signing.hex_digest(secret, body)


def _known(webhook: dict[str, Any]) -> str:
    given = text_id(webhook["id"])
    if not given:
        raise ValueError("no id")
    return given


def _is_ping(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("event") == "PING"
