"""Garmin's Health API. Garmin Connect Developer Program, OAuth2 PKCE specification."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from connections.providers import notice_bodies, signing
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    NoticeKind,
    NoticeMessage,
    TokenSet,
)
from connections.providers.base import (
    WearableAdapter,
    WearableClient,
    WearableProvider,
    require_storable,
    text_id,
)
from connections.providers.facts import About, Confidence, Fact
from connections.providers.http import expected_shape, json_value
from terra_portal import clock

API = "https://apis.garmin.com/wellness-api/rest"
DOCS = "https://developerportal.garmin.com"
PERMISSIONS_URL = f"{API}/user/permissions"
# How long before its end a token is to be refreshed.
EARLY = timedelta(minutes=10)


class GarminClient(WearableClient):
    """The person ticks permissions on Garmin's own page."""

    sends_scope = False


class GarminAdapter(WearableAdapter):
    provider_id = "garmin"
    client_class = GarminClient
    authorize_url = "https://connect.garmin.com/oauth2Confirm"
    access_token_url = "https://diauth.garmin.com/di-oauth2-service/oauth/token"  # noqa: S105
    revoke_url = f"{API}/user/registration"


class GarminProvider(WearableProvider):
    id = "garmin"
    name = display_name = "Garmin"
    resource = "GARMIN"
    oauth2_adapter_class = GarminAdapter
    hosts = ("connect.garmin.com", "diauth.garmin.com", "apis.garmin.com")
    scope_labels: ClassVar = {
        "ACTIVITY_EXPORT": "Activities",
        "HEALTH_EXPORT": "Daily health data",
        "MCT_EXPORT": "Menstrual cycle",
        "HISTORICAL_DATA_EXPORT": "Historical data",
    }
    own_client_because = (
        "Garmin's programme wants a client id for each company whose users are managed."
    )
    console_url = "https://apis.garmin.com/tools/endpoints"
    identity_url = probe_url = f"{API}/user/id"
    revokes_with_access_token = True
    # Nothing is stated: as little as is of use.
    probes_per_minute = 10
    tells = NoticeKind.DOUBT
    heard_status = 200
    facts = (
        Fact(
            About.CLIENT,
            "Secret in the body; PKCE with S256 is required; no scope is sent.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.TOKENS,
            "Access tokens live a day and are to be refreshed ten minutes early, refresh tokens "
            "about 90 days; each refresh returns a new refresh token.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.ACCOUNT,
            "`userId` of `GET /user/id`; it survives a new authorisation.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(About.SECOND_CONSENT, "No official word for OAuth 2.", Confidence.UNKNOWN),
        Fact(
            About.REVOKE,
            "`DELETE /user/registration`: the person's registration with the client id, followed "
            "by a deregistration notice.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.SIGNAL,
            "`deregistrations`, and `userPermissionsChange` when permissions are unticked.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.PROOF,
            "None but the header `garmin-client-id`: a notice only asks for a probe.",
            Confidence.DOCUMENTED,
            DOCS,
        ),
        Fact(
            About.DEAD,
            "401 `Token is not active` from the API; `Invalid refresh token` on refresh.",
            Confidence.CODE,
        ),
        Fact(About.LIMITS, "Not stated for reads.", Confidence.UNKNOWN),
    )

    def extract_uid(self, data: dict[str, Any]) -> str:
        return text_id(data["userId"])

    def introduce(self, answer: TokenSet, data: dict[str, Any]) -> TokenSet:
        answer = super().introduce(answer, data)
        return replace(answer, scopes=self._permissions(answer.access_token))

    def read_tokens(self, data: dict[str, Any]) -> TokenSet:
        """The answer's `scope` is Garmin's own; permissions are what a person ticks."""
        answer = super().read_tokens(data)
        expires_at = answer.access_expires_at
        if expires_at:
            expires_at -= min(EARLY, (expires_at - clock.now()) / 10)
        return replace(answer, scopes=None, access_expires_at=expires_at)

    def granted_scopes(self, held: Held) -> list[str] | None:
        return self._permissions(held.access_token)

    def _permissions(self, access_token: str) -> list[str]:
        """A bare list, or one within an object: Garmin's texts show both."""
        said = self.fetch(PERMISSIONS_URL, access_token, read=json_value)
        listed = said.get("permissions") if isinstance(said, dict) else said
        with expected_shape("permissions"):
            if not isinstance(listed, list):
                raise TypeError("no list")
            require_storable(*listed)
            return sorted(set(listed))

    def read_refusal(self, status: int, body: dict[str, Any]) -> Failure:
        """A dead refresh token is told in words as well as by code."""
        words = " ".join(
            str(body.get(key, "")) for key in ("error", "error_description", "message")
        )
        if "invalid refresh token" in words.lower():
            return Failure.INVALID_GRANT
        return super().read_refusal(status, body)

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        """Any 401 to a token within its time."""
        return status == 401

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        client_id = knock.headers.get("garmin-client-id", "")
        signing.require_same(client_id, self.credentials.client_id, "client id")
        return notice_bodies.read(knock.body, _facts)


def _facts(said: dict[str, Any]) -> list[NoticeMessage]:
    gone = [
        NoticeMessage(NoticeKind.DOUBT, provider_user_id=text_id(entry["userId"]))
        for entry in said.get("deregistrations") or []
    ]
    changed = [
        NoticeMessage(NoticeKind.SCOPES, provider_user_id=text_id(entry["userId"]))
        for entry in said.get("userPermissionsChange") or []
    ]
    return gone + changed
