"""allauth's provider, adapter and client classes, driven by our own verbs.

No tables and no tenants in here: a provider module knows endpoints and rules, nothing else.
`request` is None throughout, so that workers can use the same classes.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.urls import reverse

from connections.providers.answers import (
    Credentials,
    Failure,
    NoticeMessage,
    Probe,
    ProviderError,
    TokenSet,
)
from connections.providers.http import ProviderSession, json_object

INVALID_CLIENT_STATUS = 401


class WearableClient(OAuth2Client):  # type: ignore[misc]
    """allauth's client with our session and typed failures, plus refresh and revoke."""

    def get_access_token(
        self,
        code: str,
        pkce_code_verifier: str | None = None,
        extra_data: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The code exchange (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        data = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback_url,
            **(extra_data or {}),
        }
        if pkce_code_verifier:
            data["code_verifier"] = pkce_code_verifier
        return self.token_request(data)

    def refresh_access_token(self, refresh_token: str) -> dict[str, Any]:
        """A new token set for a refresh token (RFC 6749 §6)."""
        return self.token_request({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def token_request(self, data: dict[str, str]) -> dict[str, Any]:
        return self.unwrap(self.post(self.access_token_url, data))

    def post(self, url: str, data: dict[str, str]) -> httpx.Response:
        """An authenticated form post (RFC 6749 §2.3.1)."""
        auth = (self.consumer_key, self.consumer_secret) if self.basic_auth else None
        if auth is None:
            data = {
                **data,
                self.client_id_parameter: self.consumer_key,
                "client_secret": self.consumer_secret,
            }
        with ProviderSession() as session:
            return session.post(url, data=data, headers=self.headers, auth=auth)

    def unwrap(self, response: httpx.Response) -> dict[str, Any]:
        """The token answer, or ProviderError by what the failure means (RFC 6749 §5.2)."""
        refuse_unavailable(response)
        body = json_object(response)
        error = body.get("error")
        if response.is_success and isinstance(body.get("access_token"), str):
            return body
        if error == "invalid_client" or response.status_code == INVALID_CLIENT_STATUS:
            raise ProviderError(Failure.INVALID_CLIENT)
        if error == "invalid_grant":
            raise ProviderError(Failure.INVALID_GRANT)
        raise ProviderError(
            Failure.UNUSABLE,
            f"{response.status_code} from the token endpoint",
            outcome_known=not response.is_success,
        )


def refuse_unavailable(response: httpx.Response) -> None:
    """Raises ProviderError for answers that say nothing about an authorisation."""
    status = response.status_code
    if status == 410:
        raise ProviderError(Failure.RETIRED, "410")
    if status == 429:
        raise ProviderError(Failure.UNAVAILABLE, "429")
    if status >= 500:
        raise ProviderError(Failure.UNAVAILABLE, str(status), outcome_known=False)
    if 300 <= status < 400:
        raise ProviderError(Failure.UNUSABLE, "redirect", outcome_known=False)


class WearableAdapter(OAuth2Adapter):  # type: ignore[misc]
    """Endpoints of one provider, declared as class attributes or properties."""

    client_class = WearableClient
    revoke_url: str = ""

    def __init__(self, request: None, provider: "WearableProvider") -> None:
        super().__init__(request)
        self.provider = provider

    def get_provider(self) -> "WearableProvider":
        return self.provider

    def get_callback_url(self, request: None, app: SocialApp) -> str:
        """One fixed address per provider; never taken from a Host header."""
        path = reverse("connect_callback", args=[self.provider_id])
        return f"{settings.PUBLIC_BASE_URL}{path}"


class WearableProvider(OAuth2Provider):  # type: ignore[misc]
    """One wearable's maker. Subclasses declare facts and override only their quirks."""

    resource: ClassVar[str]
    display_name: ClassVar[str]
    account_class = ProviderAccount
    oauth2_adapter_class: type[WearableAdapter]
    pkce_enabled_default = True

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        app = SocialApp(
            provider=self.id,
            name=self.name,
            client_id=credentials.client_id,
            secret=credentials.client_secret,
            settings={},
        )
        super().__init__(None, app=app)

    @classmethod
    def is_available(cls) -> bool:
        """Whether this portal can speak to the provider at all."""
        return True

    def get_oauth2_adapter(self, request: None) -> WearableAdapter:
        return self.oauth2_adapter_class(request, self)

    @property
    def adapter(self) -> WearableAdapter:
        return self.get_oauth2_adapter(None)

    @property
    def client(self) -> WearableClient:
        client: WearableClient = self.adapter.get_client(None, self.app)
        return client

    # Authorise

    def authorize_url(self, state: str) -> tuple[str, str]:
        """Where to send the person (RFC 6749 §4.1.1), and the PKCE verifier to keep."""
        kept: dict[str, str] = {}
        response = self.redirect(None, process="connect", our_state=state, kept=kept)
        return response.url, kept.get("verifier", "")

    def stash_redirect_state(
        self, request: None, process: str, next_url: None = None, data: None = None, **kw: Any
    ) -> str:
        """allauth asks where to keep the flow's state: ours lies in the attempt's row."""
        kw["kept"]["verifier"] = kw.get("pkce_code_verifier") or ""
        state: str = kw["our_state"]
        return state

    # Tokens

    def exchange(self, code: str, code_verifier: str) -> TokenSet:
        """The token set and the account for a code; raises ProviderError."""
        return self.read_tokens(self.client.get_access_token(code, code_verifier or None))

    def refresh(self, refresh_token: str) -> TokenSet:
        """Raises ProviderError; INVALID_GRANT alone speaks of the authorisation."""
        return self.read_tokens(self.client.refresh_access_token(refresh_token))

    def read_tokens(self, data: dict[str, Any]) -> TokenSet:
        """A token answer as we keep it; raises ProviderError where it cannot be used."""
        try:
            token: SocialToken = self.adapter.parse_token(data)
            scope = data.get("scope")
            answer = TokenSet(
                access_token=token.token,
                refresh_token=token.token_secret or "",
                access_expires_at=token.expires_at,
                scopes=None if scope is None else self.split_scopes(str(scope)),
                provider_user_id=self.identify(data, token),
                consent_id=self.extract_consent_id(data),
            )
            require_storable(answer.provider_user_id, answer.consent_id, *answer.scopes or ())
            return answer
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ProviderError(
                Failure.UNUSABLE, f"token answer: {type(error).__name__}", outcome_known=False
            ) from error

    def identify(self, data: dict[str, Any], token: SocialToken) -> str:
        """The stable account id, from the token answer or by a call of its own."""
        uid = self.extract_uid(data)
        if not isinstance(uid, str) or not uid or len(uid) > 255:
            raise ValueError("no usable account id")
        return uid

    def extract_consent_id(self, data: dict[str, Any]) -> str:
        return ""

    def split_scopes(self, scope: str) -> list[str]:
        return sorted(set(scope.replace(",", " ").split()))

    # Revoke and probe

    def revoke(self, *, access_token: str, refresh_token: str) -> None:
        """Asks the provider to end the authorisation (RFC 7009 §2.1); raises ProviderError."""
        response = self.client.post(
            self.adapter.revoke_url, {"token": refresh_token or access_token}
        )
        refuse_unavailable(response)
        if response.status_code == INVALID_CLIENT_STATUS:
            raise ProviderError(Failure.INVALID_CLIENT)
        if not response.is_success:
            raise ProviderError(Failure.UNUSABLE, str(response.status_code))

    @abstractmethod
    def probe(self, access_token: str) -> Probe:
        """One cheap read. UNSURE for everything that the provider's page does not call dead."""

    # Notices

    @abstractmethod
    def read_notice(self, headers: Mapping[str, str], body: bytes) -> list[NoticeMessage]:
        """The facts of a verified notice.

        Raises NotVerifiedError or MalformedNoticeError.
        """


def require_storable(*texts: str) -> None:
    """Raises ValueError for what no database column takes: NUL bytes, lone surrogates."""
    if not all(text.isprintable() for text in texts):
        raise ValueError("unprintable characters")
