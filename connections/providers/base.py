"""allauth's provider, adapter and client classes, driven by our own verbs.

No tables and no tenants in here: a provider module knows endpoints and rules, nothing else.
`request` is None throughout, so that workers can use the same classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

import httpx
from allauth.socialaccount.models import SocialApp, SocialToken
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.client import OAuth2Client
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from connections.providers import hosts as stand_ins
from connections.providers.answers import (
    Credentials,
    Failure,
    Held,
    Knock,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
    Probe,
    ProviderError,
    Reply,
    Subscription,
    TokenSet,
)
from connections.providers.facts import Fact
from connections.providers.http import (
    ProviderSession,
    json_object,
    refusal,
    refuse_unavailable,
    require_success,
)
from terra_portal import clock

INVALID_CLIENT_STATUS = 401
CONSENT_TRIES = 3
Answer = TypeVar("Answer")


class WearableClient(OAuth2Client):  # type: ignore[misc]
    """allauth's client with our session and typed failures, plus refresh and revoke."""

    provider: "WearableProvider"
    # Off where people choose on the provider's own page alone.
    sends_scope: ClassVar[bool] = True

    def get_redirect_url(
        self, authorization_url: str, scope: Sequence[str], extra_params: dict[str, str]
    ) -> str:
        """allauth would shuffle the scopes: handed over as one text they keep their order."""
        url: str = super().get_redirect_url(
            self.provider.at(authorization_url), [self.scope_delimiter.join(scope)], extra_params
        )
        return url if self.sends_scope else without(url, "scope")

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
        return self.provider.call("POST", url, data=data, headers=self.headers, auth=auth)

    def unwrap(self, response: httpx.Response) -> dict[str, Any]:
        """The token answer, or ProviderError by what the failure means (RFC 6749 §5.2)."""
        refuse_unavailable(response)
        body = json_object(response)
        if response.is_success and isinstance(body.get("access_token"), str):
            return body
        raise ProviderError(
            self.provider.read_refusal(response.status_code, body),
            f"{response.status_code} from the token endpoint",
            outcome_known=not response.is_success,
        )


class WearableAdapter(OAuth2Adapter):  # type: ignore[misc]
    """The real addresses of one provider, as class attributes."""

    client_class = WearableClient
    authorize_url: str
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

    def get_client(self, request: None, app: SocialApp) -> WearableClient:
        client: WearableClient = super().get_client(request, app)
        client.provider = self.provider
        return client


class WearableProvider(OAuth2Provider):  # type: ignore[misc]
    """One wearable's maker. Subclasses declare facts and override only their quirks."""

    resource: ClassVar[str]
    display_name: ClassVar[str]
    # Every host that the module names; a simulated client needs a stand-in for each.
    hosts: ClassVar[tuple[str, ...]]
    # Scope, and what a person understands by it. All of them are asked for unless a source says.
    scope_labels: ClassVar[dict[str, str]]
    facts: ClassVar[tuple[Fact, ...]]
    # Why a company has to bring an application of its own; empty where the platform's may serve.
    own_client_because: ClassVar[str] = ""
    # Where a developer registers an application.
    console_url: ClassVar[str] = ""
    # What `notice_secret` is at this provider, as its console calls it; empty where there is none.
    notice_secret_name: ClassVar[str] = ""
    # How a hand orders the notices, where it takes more than a field in the console.
    notice_steps: ClassVar[str] = ""
    # 410 Gone is this provider's announced end, not an accident.
    is_retired_by_410: ClassVar[bool] = False

    # Where the account's id is read, if the token answer does not hold it.
    identity_url: ClassVar[str] = ""
    probe_url: ClassVar[str] = ""
    # Scopes that the flow itself needs: asked for, but nothing that a person shares as data.
    flow_scopes: ClassVar[tuple[str, ...]] = ()
    # Data without which the account cannot be named or watched: asked for whatever a source says.
    identity_scopes: ClassVar[tuple[str, ...]] = ()
    revokes_with_access_token: ClassVar[bool] = False
    probe_every: ClassVar[timedelta] = timedelta(days=1)
    # Most probes that one application may send in a minute, well inside its limits for the minute
    # and, sent all day long, for the day.
    probes_per_minute: ClassVar[float] = 60

    # Whether a refresh token comes with a consent.
    refreshes: ClassVar[bool] = True
    # What its notice of a revocation is worth as it comes; None where it sends none.
    tells: ClassVar[NoticeKind | None] = None
    # Notices: subscribed to for each person, or once for the application, or neither.
    subscribes_each: ClassVar[bool] = False
    subscribes_once: ClassVar[bool] = False
    hears: ClassVar[tuple[str, ...]] = ("POST",)
    heard_status: ClassVar[int] = 204
    refused_status: ClassVar[int] = 401

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
    def is_available(cls, *, simulated: bool) -> bool:
        """Whether this portal can speak to the provider at all."""
        return not simulated or all(stand_ins.stand_in(host) for host in cls.hosts)

    @classmethod
    def revoke_group(cls, client_id: str) -> str:
        """What the provider revokes together with this application; empty for itself alone."""
        return ""

    def get_oauth2_adapter(self, request: None) -> WearableAdapter:
        return self.oauth2_adapter_class(request, self)

    def get_settings(self) -> dict[str, Any]:
        """allauth's settings by that name are the dashboard's own sign-in's, not a wearable's."""
        return {}

    @property
    def adapter(self) -> WearableAdapter:
        return self.get_oauth2_adapter(None)

    @property
    def client(self) -> WearableClient:
        return self.adapter.get_client(None, self.app)

    # Calls

    def at(self, url: str) -> str:
        """Where a real address is for this application; raises ProviderError if nowhere."""
        return stand_ins.at(url, simulated=self.credentials.simulated)

    def call(
        self, method: str, url: str, *, access_token: str = "", **kwargs: Any
    ) -> httpx.Response:
        """One request, with a bearer token (RFC 6750 §2.1) where given; raises ProviderError."""
        if access_token:
            bearer = {"Authorization": f"Bearer {access_token}"}
            kwargs["headers"] = {**(kwargs.get("headers") or {}), **bearer}
        with ProviderSession() as session:
            return session.request(method, self.at(url), **kwargs)

    # Authorise

    def get_default_scope(self) -> list[str]:
        return list(self.scope_labels)

    def authorize_url(self, state: str, scopes: Sequence[str] = ()) -> tuple[str, str]:
        """Where to send the person (RFC 6749 §4.1.1), and the PKCE verifier to keep."""
        kept: dict[str, str] = {}
        response = self.redirect(
            None,
            process="connect",
            scope=[*self.ask_for(scopes), *self.flow_scopes],
            our_state=state,
            kept=kept,
        )
        return response.url, kept.get("verifier", "")

    def ask_for(self, scopes: Sequence[str] = ()) -> list[str]:
        """The data to ask a person for: what is wanted, or all that there is."""
        return list(dict.fromkeys([*(scopes or self.get_scope()), *self.identity_scopes]))

    def stash_redirect_state(
        self, request: None, process: str, next_url: None = None, data: None = None, **kw: Any
    ) -> str:
        """allauth asks where to keep the flow's state: ours lies in the attempt's row."""
        kw["kept"]["verifier"] = kw.get("pkce_code_verifier") or ""
        state: str = kw["our_state"]
        return state

    # Tokens

    def exchange(self, code: str, code_verifier: str, *, told_scope: str = "") -> TokenSet:
        """The token set and the account for a code; raises ProviderError.

        `told_scope` is what the browser brought back beside the code, where a provider does that.
        """
        data = self.client.get_access_token(code, code_verifier or None)
        answer = self.read_tokens(data)
        return _named(self.introduce(answer, data))

    def introduce(self, answer: TokenSet, data: dict[str, Any]) -> TokenSet:
        """Adds whose account it is: from the token answer, or by a call of its own."""
        if not self.identity_url:
            return answer
        body = self.fetch(self.identity_url, answer.access_token)
        return replace(answer, provider_user_id=read_id(self.extract_uid, body))

    def fetch(
        self, url: str, access_token: str, *, read: Callable[[httpx.Response], Any] = json_object
    ) -> Any:
        """What the new tokens must open, a JSON object as a rule."""

        def ask() -> Any:
            response = self.call("GET", url, access_token=access_token)
            return read(require_success(response, "for the account"))

        return self.insist(ask)

    def insist(self, ask: Callable[[], Answer]) -> Answer:
        """The answer to what has to be asked after a consent; up to three tries for one.

        The consent has happened and earlier tokens may have died by it: giving up loses the set.
        """
        for tries_left in range(CONSENT_TRIES - 1, -1, -1):
            try:
                return ask()
            except ProviderError as error:
                if error.failure is not Failure.UNAVAILABLE or not tries_left:
                    raise
        raise AssertionError("unreachable")

    def refresh(self, held: Held) -> TokenSet:
        """Raises ProviderError; INVALID_GRANT alone speaks of the authorisation."""
        return self.read_tokens(self.client.refresh_access_token(held.refresh_token))

    def read_refusal(self, status: int, body: dict[str, Any]) -> Failure:
        """What a refusal of the token endpoint means (RFC 6749 §5.2)."""
        error = body.get("error")
        if error == "invalid_grant":
            return Failure.INVALID_GRANT
        rejected = error == "invalid_client" or status == INVALID_CLIENT_STATUS
        return Failure.INVALID_CLIENT if rejected else Failure.UNUSABLE

    def read_tokens(self, data: dict[str, Any]) -> TokenSet:
        """A token answer as we keep it; raises ProviderError where it cannot be used."""
        try:
            token: SocialToken = self.adapter.parse_token(data)
            scope = data.get("scope")
            answer = TokenSet(
                access_token=token.token,
                refresh_token=token.token_secret or "",
                access_expires_at=by_our_clock(token.expires_at),
                scopes=None if scope is None else self.split_scopes(str(scope)),
                provider_user_id="" if self.identity_url else self.extract_uid(data),
                consent_id=self.extract_consent_id(data),
                refresh_expires_at=self.refresh_expiry(data),
            )
            require_storable(answer.provider_user_id, answer.consent_id, *answer.scopes or ())
            return answer
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ProviderError(
                Failure.UNUSABLE, f"token answer: {type(error).__name__}", outcome_known=False
            ) from error

    def extract_uid(self, data: dict[str, Any]) -> str:
        """The stable account id in a token answer or an identity answer; empty if not there."""
        return text_id(data.get("user_id"))

    def extract_consent_id(self, data: dict[str, Any]) -> str:
        return ""

    def refresh_expiry(self, data: dict[str, Any]) -> datetime | None:
        """When the refresh token runs out, where the answer tells."""
        seconds = data.get("refresh_token_expires_in")
        return clock.now() + timedelta(seconds=int(seconds)) if seconds else None

    def split_scopes(self, scope: str) -> list[str]:
        return sorted(set(scope.replace(",", " ").split()) - set(self.flow_scopes))

    # Revoke and probe

    def revoke(self, held: Held) -> None:
        """Asks the provider to end the authorisation (RFC 7009 §2.1); raises ProviderError.

        Returns where the provider says that it is over, whether by this call or before.
        """
        if self.revokes_with_access_token:
            self._deregister(held)
        else:
            self._revoke_token(held)

    def _revoke_token(self, held: Held) -> None:
        response = self.client.post(
            self.adapter.revoke_url, {"token": held.refresh_token or held.access_token}
        )
        require_success(response, "to the revoke", of_application=True)

    def _deregister(self, held: Held) -> None:
        """DELETE with a living bearer token; a refused one shows that it was over before."""
        url = address_of(held, self.adapter.revoke_url)
        response = self.call("DELETE", url, access_token=held.access_token)
        refuse_unavailable(response)
        if response.is_success or (response.status_code == 401 and not held.has_run_out):
            return
        raise ProviderError(Failure.UNUSABLE, str(response.status_code))

    def probe(self, held: Held) -> Probe:
        """One cheap read. UNSURE for everything that the provider's page does not call dead.

        Raises ProviderError where no answer came, or none that speaks of this authorisation.
        """
        url = address_of(held, self.probe_url)
        response = self.call("GET", url, access_token=held.access_token)
        refuse_unavailable(response)
        return self.read_probe(response)

    def read_probe(self, response: httpx.Response) -> Probe:
        """A success with a JSON object is alive; what is dead, the provider's page says."""
        if response.is_success:
            json_object(response)
            return Probe.ALIVE
        status, body = response.status_code, refusal(response)
        if self.says_narrow(status, body):
            return Probe.ALIVE
        return Probe.DEAD if self.says_dead(status, body) else Probe.UNSURE

    def says_narrow(self, status: int, body: dict[str, Any]) -> bool:
        """Whether a token was taken that may not read this: it lives (RFC 6750 §3.1)."""
        return status == 403 and body.get("error") == "insufficient_scope"

    def says_dead(self, status: int, body: dict[str, Any]) -> bool:
        """Whether an error answer to a bearer token speaks of the token (RFC 6750 §3.1)."""
        return status == 401 and body.get("error") == "invalid_token"

    def granted_scopes(self, held: Held) -> list[str] | None:
        """What the person allows now, asked for after a SCOPES notice; None if it cannot be asked.

        Raises ProviderError.
        """
        return None

    # Notices

    def subscribe(self, held: Held, authorisation_number: int) -> None:
        """Orders the notices about this person, again without harm; raises ProviderError."""

    def subscribe_application(self) -> Subscription | None:
        """Orders the notices of the whole application, or finds the standing order.

        None where a hand has to do it at the provider. Raises ProviderError.
        """
        return None

    def hear(self, knock: Knock) -> Reply:
        """Answers one request at the hook: a notice, or the provider's test of the address.

        Raises NotVerifiedError or MalformedNoticeError.
        """
        return Reply(self.read_notice(knock), status=self.heard_status)

    def read_notice(self, knock: Knock) -> list[NoticeMessage]:
        """The facts of a notice whose proof is right.

        Raises NotVerifiedError or MalformedNoticeError. A provider that sends none hears none.
        """
        raise NotVerifiedError("this provider sends no notices")


def read_id(extract: Any, body: Mapping[str, Any]) -> str:
    """The account's id in an answer of its own; raises ProviderError where it is missing."""
    try:
        return str(extract(body))
    except (KeyError, TypeError, ValueError) as error:
        raise ProviderError(Failure.UNUSABLE, f"account: {type(error).__name__}") from error


def address_of(held: Held, url: str) -> str:
    """The address with the account's id where `{user_id}` stands."""
    return url.replace("{user_id}", quote(held.provider_user_id, safe=""))


def without(url: str, parameter: str) -> str:
    """The address without one parameter of its query."""
    address, _, query = url.partition("?")
    kept = [part for part in query.split("&") if not part.startswith(f"{parameter}=")]
    return f"{address}?{'&'.join(kept)}"


def by_our_clock(moment: datetime | None) -> datetime | None:
    """allauth counts from the machine's time, which ours may differ from."""
    return moment and moment + (clock.now() - timezone.now())


def text_id(value: object) -> str:
    """An id that may come as a number; empty for what is no id."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)


def require_storable(*texts: str) -> None:
    """Raises ValueError for what no database column takes: NUL bytes, lone surrogates."""
    if not all(text.isprintable() and len(text) <= 255 for text in texts):
        raise ValueError("unprintable characters")


def _named(answer: TokenSet) -> TokenSet:
    try:
        require_storable(answer.provider_user_id, answer.alternate_id, *answer.scopes or ())
    except ValueError:
        answer = replace(answer, provider_user_id="")
    if not answer.provider_user_id:
        raise ProviderError(Failure.UNUSABLE, "no usable account id", outcome_known=False)
    return answer
