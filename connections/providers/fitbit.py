"""Fitbit's own Web API: signed notices of every revocation, and an announced end.

https://dev.fitbit.com/build/reference/web-api/. Announced as switched off since 2026-11-02: then
everything answers 410 Gone, which retires a user and says nothing about a person's will.
"""

import re
from typing import Any, ClassVar

import httpx

from connections.providers import notice_bodies, signing
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    NoticeKind,
    NoticeMessage,
    Reply,
)
from connections.providers.base import WearableAdapter, WearableProvider, text_id
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import expected_shape, json_object, require_success
from terra_portal import crypto

API = "https://api.fitbit.com"
DOCS = "https://dev.fitbit.com/build/reference/web-api"
GONE = 404
COLLECTION = "userRevokedAccess"
OURS = re.compile(r"terra-portal-[0-9a-f]{16}-([0-9]{1,9})")


class FitbitAdapter(WearableAdapter):
    provider_id = "fitbit"
    basic_auth = True
    authorize_url = "https://www.fitbit.com/oauth2/authorize"
    access_token_url = f"{API}/oauth2/token"
    revoke_url = f"{API}/oauth2/revoke"


class FitbitProvider(WearableProvider):
    id = "fitbit"
    name = display_name = "Fitbit"
    resource = "FITBIT"
    oauth2_adapter_class = FitbitAdapter
    hosts = ("www.fitbit.com", "api.fitbit.com")
    scope_labels: ClassVar = {
        "activity": "Steps, workouts and calories",
        "heartrate": "Heart rate",
        "sleep": "Sleep",
        "weight": "Weight",
        "profile": "Profile",
        "oxygen_saturation": "Oxygen saturation",
        "respiratory_rate": "Breathing rate",
        "temperature": "Skin temperature",
        "cardio_fitness": "Cardio fitness",
        "nutrition": "Food and water",
    }
    console_url = "https://dev.fitbit.com/apps"
    notice_secret_name = "Subscriber verification code"  # noqa: S105 - a label
    is_retired_by_410 = True
    probe_url = f"{API}/1/user/-/profile.json"
    probes_per_minute = 300
    tells = NoticeKind.REVOKED
    subscribes_each = True
    hears = ("GET", "POST")
    refused_status = 404
    facts = (
        Fact(
            About.CLIENT,
            "HTTP Basic for server applications; PKCE with S256 is recommended.",
            Confidence.DOCUMENTED,
            f"{DOCS}/authorization/refresh-token/",
        ),
        Fact(
            About.TOKENS,
            "Access tokens live 8 hours. A refresh token does not expire and works once.",
            Confidence.DOCUMENTED,
            f"{DOCS}/developer-guide/best-practices/",
        ),
        Fact(
            About.ACCOUNT,
            "`user_id` in the token answer.",
            Confidence.DOCUMENTED,
            f"{DOCS}/authorization/oauth2-token/",
        ),
        Fact(
            About.SECOND_CONSENT,
            "Sources conflict on whether the earlier tokens die: the newest set is kept.",
            Confidence.UNKNOWN,
        ),
        Fact(
            About.REVOKE,
            "Every token of the person under the application, in all sessions.",
            Confidence.DOCUMENTED,
            f"{DOCS}/authorization/revoke-token/",
        ),
        Fact(
            About.SIGNAL,
            "A `userRevokedAccess` notice, for those who are subscribed to it one by one.",
            Confidence.DOCUMENTED,
            f"{DOCS}/subscription/",
        ),
        Fact(
            About.PROOF,
            "`X-Fitbit-Signature`: base64 HMAC-SHA1, keyed by the client secret and `&`.",
            Confidence.DOCUMENTED,
            f"{DOCS}/developer-guide/using-subscriptions/",
        ),
        Fact(
            About.DEAD,
            "401 `invalid_token` from the API, `invalid_grant` from the token endpoint; "
            "410 Gone since the API's end.",
            Confidence.DOCUMENTED,
            "https://developers.google.com/health/migration",
        ),
        Fact(
            About.LIMITS,
            "150 calls an hour for each person; none for the application.",
            Confidence.DOCUMENTED,
            f"{DOCS}/developer-guide/application-design/",
        ),
    )

    def read_refusal(self, status: int, body: dict[str, Any]) -> Failure:
        """Errors come as `{"errors": [{"errorType": …}]}`."""
        return super().read_refusal(status, {"error": _error_type(body)})

    def says_narrow(self, status: int, body: dict[str, Any]) -> bool:
        """A person who keeps the profile to themselves has not revoked."""
        return super().says_narrow(status, {"error": _error_type(body)})

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        """`expired_token` may only want a refresh, so it proves nothing."""
        return status == 401 and _error_type(body) == "invalid_token"

    # Notices

    def subscribe(self, held: Held, authorisation_number: int) -> None:
        """Orders the notice under an id that names the consent, so that a late one is told apart.

        Orders of earlier consents are taken back: Fitbit keeps one for each person.
        """
        mine = subscription_id(held.provider_user_id, authorisation_number)
        base = f"{API}/1/user/-/{COLLECTION}/apiSubscriptions"
        with expected_shape("subscriptions"):
            listed = json_object(self._ask("GET", f"{base}.json", held))
            standing = [str(one["subscriptionId"]) for one in listed.get("apiSubscriptions") or []]
        for old in standing:
            if OURS.fullmatch(old) and old != mine:
                self._ask("DELETE", f"{base}/{old}.json", held)
        self._ask("POST", f"{base}/{mine}.json", held)

    def _ask(self, method: str, url: str, held: Held) -> httpx.Response:
        """An order that is taken back may have gone by itself meanwhile."""
        response = self.call(method, url, access_token=held.access_token)
        if method == "DELETE" and response.status_code == GONE:
            return response
        return require_success(response, "to a subscription")

    def hear(self, knock: Knock) -> Reply:
        """A GET is the test of the address: 204 for the right code, 404 for the wrong one."""
        if knock.method == "GET":
            signing.require_same(
                knock.query.get("verify", ""), self.credentials.notice_secret, "verification code"
            )
            return Reply()
        return super().hear(knock)

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        expected = signature(self.credentials.client_secret, knock.body)
        signing.require_same(knock.headers.get("X-Fitbit-Signature", ""), expected)
        return notice_bodies.read(knock.body, _facts)


def signature(client_secret: str, body: bytes) -> str:
    """An ampersand follows the secret, as in OAuth 1 (RFC 5849 §3.4.2) without a token."""
    return signing.base64_digest(f"{client_secret}&", body, "sha1")


def _facts(said: Any) -> list[NoticeMessage]:
    """One entry per person. The date has no time of day, so the subscription's id has to tell."""
    return [
        NoticeMessage(
            NoticeKind.REVOKED,
            provider_user_id=text_id(entry["ownerId"]),
            authorisation_number=_number(entry),
        )
        for entry in said
        if entry["collectionType"] == COLLECTION
    ]


def subscription_id(provider_user_id: str, authorisation_number: int) -> str:
    """An id of at most 50 characters that no other person under the application has."""
    return f"terra-portal-{crypto.sha256(provider_user_id)[:16]}-{authorisation_number}"


def _number(entry: dict[str, Any]) -> int | None:
    """The consent that an id of ours names; None for anybody else's id."""
    found = OURS.fullmatch(str(entry.get("subscriptionId", "")))
    number = int(found[1]) if found else 0
    ours = found and found[0] == subscription_id(text_id(entry["ownerId"]), number)
    return number if ours else None


def _error_type(body: dict[str, Any]) -> str:
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return str(first.get("errorType", "")) if isinstance(first, dict) else ""
