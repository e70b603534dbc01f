"""Withings' public API. https://developer.withings.com/api-reference/

Whatever it has to say comes with HTTP 200: what it means stands in the `status` of the envelope.
"""

import re
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from connections.providers import notice_bodies, signing
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    NoticeKind,
    NoticeMessage,
    Probe,
    ProviderError,
    Reply,
)
from connections.providers.base import WearableAdapter, WearableClient, WearableProvider, text_id
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import (
    expected_shape,
    json_object,
    refusal,
    refuse_unavailable,
)
from terra_portal import clock

API = "https://wbsapi.withings.net"
REFERENCE = "https://developer.withings.com/api-reference/"
GUIDE = "https://developer.withings.com/developer-guide/v3"
NONCE_URL = f"{API}/v2/signature"
REFRESH_LIVES = timedelta(days=365)

# The list of statuses: https://developer.withings.com/api-reference/#section/Response-status
DONE, INVALID_PARAMS, TOO_MANY = 0, 503, 601
UNAUTHENTICATED = frozenset({100, 101, 102, 200, 401})
TOO_MANY_WAITS = timedelta(minutes=1)

# What a notice is about: 46 is the person's profile, with what became of the consent.
USER_EVENTS = "46"
GONE = ("unlink", "delete")
NUMBER = "authorisation_number"


class WithingsClient(WearableClient):
    def token_request(self, data: dict[str, str]) -> dict[str, Any]:
        return super().token_request({"action": "requesttoken", **data})

    def unwrap(self, response: httpx.Response) -> dict[str, Any]:
        status, said = opened(response)
        body = said.get("body")
        if status == DONE and isinstance(body, dict) and isinstance(body.get("access_token"), str):
            return body
        raise ProviderError(
            self.provider.read_refusal(status, said),
            f"status {status} from the token endpoint",
            outcome_known=status != DONE,
        )


class WithingsAdapter(WearableAdapter):
    provider_id = "withings"
    client_class = WithingsClient
    scope_delimiter = ","
    authorize_url = "https://account.withings.com/oauth2_user/authorize2"
    access_token_url = f"{API}/v2/oauth2"
    revoke_url = f"{API}/v2/oauth2"


class WithingsProvider(WearableProvider):
    id = "withings"
    name = display_name = "Withings"
    resource = "WITHINGS"
    oauth2_adapter_class = WithingsAdapter
    pkce_enabled_default = False
    hosts = ("account.withings.com", "wbsapi.withings.net")
    scope_labels: ClassVar = {
        "user.info": "Profile and devices",
        "user.metrics": "Weight, blood pressure, temperature and heart rate",
        "user.activity": "Steps, workouts and sleep",
        "user.sleepevents": "Getting into bed and out of it",
    }
    console_url = "https://developer.withings.com/dashboard/"
    # Without it no notice of an unlinked account can be ordered.
    identity_scopes = ("user.info",)
    probe_url = f"{API}/notify"
    probes_per_minute = 30
    tells = NoticeKind.DOUBT
    subscribes_each = True
    hears = ("GET", "HEAD", "POST")
    heard_status = 200
    facts = (
        Fact(
            About.CLIENT,
            "Secret in the body, or a signature; no PKCE; scopes with commas; a code lives 30 "
            "seconds.",
            Confidence.DOCUMENTED,
            f"{REFERENCE}#tag/oauth2",
        ),
        Fact(
            About.TOKENS,
            "Access tokens live 3 hours, refresh tokens a year. Each refresh returns a new refresh "
            "token; the old one lives 8 hours more, or until the new access token is used.",
            Confidence.DOCUMENTED,
            f"{GUIDE}/integration-guide/public-health-data-api/get-access/"
            "access-and-refresh-tokens-no-recover",
        ),
        Fact(
            About.ACCOUNT,
            "`userid` in the token answer.",
            Confidence.DOCUMENTED,
            f"{REFERENCE}#tag/oauth2",
        ),
        Fact(About.SECOND_CONSENT, "No official word.", Confidence.UNKNOWN),
        Fact(
            About.REVOKE,
            "A signed call without a token: every token of the person under the application, and "
            "their notices.",
            Confidence.DOCUMENTED,
            f"{REFERENCE}#tag/oauth2",
        ),
        Fact(
            About.SIGNAL,
            "A notice of kind 46, `unlink` or `delete`, for those who are subscribed to it one by "
            "one.",
            Confidence.DOCUMENTED,
            f"{GUIDE}/data-api/notifications/notification-content/",
        ),
        Fact(
            About.PROOF,
            "None: a notice only asks for a probe.",
            Confidence.DOCUMENTED,
            f"{GUIDE}/data-api/notifications/notification-content/",
        ),
        Fact(
            About.DEAD,
            "Status 401 from the API. On refresh status 503, which bad parameters get as well: "
            "only its text `invalid refresh_token` tells them apart.",
            Confidence.CODE,
        ),
        Fact(
            About.LIMITS,
            "120 calls a minute on the public plan; status 601 beyond.",
            Confidence.DOCUMENTED,
            f"{REFERENCE}#section/Response-status",
        ),
    )

    # Tokens

    def extract_uid(self, data: dict[str, Any]) -> str:
        return text_id(data.get("userid"))

    def refresh_expiry(self, data: dict[str, Any]) -> datetime | None:
        """It is documented, but no answer tells it."""
        return clock.now() + REFRESH_LIVES if data.get("refresh_token") else None

    def read_refusal(self, status: int, body: dict[str, Any]) -> Failure:
        """Status 503 is said of any bad parameter, so only its words can speak of the token."""
        if status == INVALID_PARAMS and "invalid refresh_token" in words_of(body):
            return Failure.INVALID_GRANT
        return Failure.INVALID_CLIENT if rejects_client(status, body) else Failure.UNUSABLE

    # Revoke and probe

    def revoke(self, held: Held) -> None:
        """Signed with the secret over a nonce of theirs; the tokens may be dead already."""
        action, client_id = "revoke", self.credentials.client_id
        nonce = self._nonce()
        signature = sign(self.credentials.client_secret, action, client_id, nonce)
        form = {"action": action, "client_id": client_id, "nonce": nonce, "signature": signature}
        self._ask(self.adapter.revoke_url, form | {"userid": held.provider_user_id})

    def _nonce(self) -> str:
        action, client_id = "getnonce", self.credentials.client_id
        stamp = str(int(clock.now().timestamp()))
        signature = sign(self.credentials.client_secret, action, client_id, stamp)
        form = {"action": action, "client_id": client_id, "timestamp": stamp}
        said = self._ask(NONCE_URL, form | {"signature": signature})
        with expected_shape("nonce"):
            return str(said["nonce"])

    def _ask(self, url: str, form: dict[str, str], access_token: str = "") -> dict[str, Any]:
        """The body of the answer; raises ProviderError for every status but 0."""
        response = self.call("POST", url, data=form, access_token=access_token)
        status, said = opened(response)
        if status != DONE:
            rejected = rejects_client(status, said) and not access_token
            failure = Failure.INVALID_CLIENT if rejected else Failure.UNUSABLE
            raise ProviderError(failure, f"status {status} to {form['action']}")
        body = said.get("body")
        return body if isinstance(body, dict) else {}

    def probe(self, held: Held) -> Probe:
        """Lists the person's notices: cheap, and open to any living token."""
        form = {"action": "list", "appli": USER_EVENTS}
        return self.read_probe(
            self.call("POST", self.probe_url, data=form, access_token=held.access_token)
        )

    def read_probe(self, response: httpx.Response) -> Probe:
        """`Authentication failed` is dead. `Unauthorized` may be a scope, or a lapsed plan."""
        status, _ = opened(response)
        if status == DONE:
            return Probe.ALIVE
        return Probe.DEAD if status in UNAUTHENTICATED else Probe.UNSURE

    # Notices

    def subscribe(self, held: Held, authorisation_number: int) -> None:
        """Orders the person's notices to an address that names the consent.

        Withings looks at the address with a HEAD request: https, a domain name, port 80 or 443, at
        most 255 characters. Orders of earlier consents are taken back, after the new one stands.
        """
        mine = f"{self.credentials.notice_url}?{NUMBER}={authorisation_number}"
        standing = self._orders(held)
        if mine not in standing:
            self._order(held, "subscribe", mine)
        for url in standing:
            if url != mine and url.partition("?")[0] == self.credentials.notice_url:
                self._order(held, "revoke", url)

    def _orders(self, held: Held) -> list[str]:
        form = {"action": "list", "appli": USER_EVENTS}
        listed = self._ask(self.probe_url, form, held.access_token)
        with expected_shape("orders"):
            return [
                str(entry["callbackurl"])
                for entry in listed.get("profiles") or []
                if str(entry["appli"]) == USER_EVENTS
            ]

    def _order(self, held: Held, action: str, url: str) -> None:
        form = {"action": action, "callbackurl": url, "appli": USER_EVENTS}
        self._ask(self.probe_url, form, held.access_token)

    def hear(self, knock: Knock) -> Reply:
        """Anything but a POST is the test of the address."""
        return super().hear(knock) if knock.method == "POST" else Reply(status=200)

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        """A form without any proof: whoever sends it knows the secret address, no more.

        https://developer.withings.com/developer-guide/v3/data-api/notifications/notification-content/
        """
        number = knock.query.get(NUMBER, "")
        consent = int(number) if re.fullmatch("[0-9]{1,9}", number) else None

        def facts(said: dict[str, str]) -> list[NoticeMessage]:
            if said["appli"] != USER_EVENTS or said.get("action") not in GONE:
                return []
            return [NoticeMessage(NoticeKind.DOUBT, said["userid"], authorisation_number=consent)]

        return notice_bodies.read(knock.body, facts, parse=notice_bodies.form)


def opened(response: httpx.Response) -> tuple[int, dict[str, Any]]:
    """The status of the envelope, and all that it says.

    Raises ProviderError where it says nothing about this call. Where HTTP itself refuses, its
    status stands for the envelope's.
    """
    refuse_unavailable(response)
    if not response.is_success:
        return response.status_code, refusal(response)
    said = json_object(response)
    status = said.get("status")
    if isinstance(status, bool) or not isinstance(status, int):
        raise ProviderError(Failure.UNUSABLE, "no status", outcome_known=False)
    if status == TOO_MANY:
        raise ProviderError(Failure.UNAVAILABLE, "status 601", retry_after=TOO_MANY_WAITS)
    return status, said


def words_of(said: dict[str, Any]) -> str:
    return str(said.get("error", "")).lower()


def rejects_client(status: int, said: dict[str, Any]) -> bool:
    """Whether the application is not known by what it sent.

    No page says so, but a wrong secret is seen to be a bad parameter: `invalid client id/secret`.
    """
    named = status == INVALID_PARAMS and "invalid client" in words_of(said)
    return named or status in UNAUTHENTICATED


def sign(secret: str, *values: str) -> str:
    """What proves a call without a token: the values in the order of their names.

    https://developer.withings.com/developer-guide/v3/get-access/sign-your-requests
    """
    return signing.hex_digest(secret, ",".join(values).encode())
