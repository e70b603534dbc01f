"""What makes one wearable company differ from another, as far as its apps can see."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse

from . import dials, protocol, revocation
from .failures import Caller
from .models import AccessToken, Account, App, Consent, Notice
from .models.consent import End
from .notices import Told
from .refusal import Refusal
from .routes import Route
from .validator import consent_of_token


class Auth(Enum):
    """Where a client's id and secret are accepted (RFC 6749 §2.3.1)."""

    BASIC = "basic"
    BODY = "body"


class Pkce(Enum):
    """What happens to a code challenge (RFC 7636)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    IGNORED = "ignored"


class Personality:
    """One company. Subclasses declare facts and override only their quirks."""

    id: ClassVar[str]
    name: ClassVar[str]

    # Authorise
    authorize_paths: ClassVar[tuple[str, ...]]
    # Scope, and the words of the consent page.
    scopes: ClassVar[Mapping[str, str]]
    scope_separator: ClassVar[str] = " "
    # Granted when asked for: no person can untick them.
    fixed_scopes: ClassVar[tuple[str, ...]] = ()
    # A consent may hold nothing but these; otherwise no tick at all is a denial.
    fixed_scopes_suffice: ClassVar[bool] = False
    scopes_can_be_unticked: ClassVar[bool] = True
    redirect_uri_optional: ClassVar[bool] = False
    pkce: ClassVar[Pkce] = Pkce.REQUIRED

    # Tokens
    client_auth: ClassVar[frozenset[Auth]] = frozenset(Auth)
    # Where the revoke endpoint wants them, if elsewhere.
    revoke_auth: ClassVar[frozenset[Auth]] = frozenset()
    # Where the dials stand that nobody turned; all others are as harsh as can be.
    defaults: ClassVar[Mapping[str, Any]] = {}
    # An account and an app have one set of tokens: a later consent joins it, and an answer repeats
    # it while more than an hour is left of the access token.
    one_lineage: ClassVar[bool] = False

    # 429 comes with ``Retry-After``.
    tells_retry_after: ClassVar[bool] = True

    # Revocation
    # A revoke by the client ends every consent of the account with it, not only the token's own.
    revoke_ends_all: ClassVar[bool] = False
    permissions_can_change: ClassVar[bool] = False
    accounts_can_be_deleted: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.name

    def dials(self) -> dials.Dials:
        return dials.read(self.defaults)

    def routes(self) -> list[Route]:
        """Every address that apps call; the authorise page is not among them."""
        raise NotImplementedError

    # Accounts

    def account_id(self, account: Account) -> str:
        """The account's id in this company's form, the same for ever."""
        raise NotImplementedError

    def digest(self, account: Account, salt: str = "") -> int:
        """A large number to make an id of: one and the same for an account."""
        seed = f"{self.id} {salt} {account.user_id}".encode()
        return int.from_bytes(hashlib.sha256(seed).digest())

    # Authorise

    def authorize_query(self, asked: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The request's parameters in the engine's words (RFC 6749 §4.1.1)."""
        ignored = ("code_challenge", "code_challenge_method") if self.pkce is Pkce.IGNORED else ()
        return [
            (name, value.replace(self.scope_separator, " ") if name == "scope" else value)
            for name, value in asked
            if name not in ignored
        ]

    def check_authorize(self, asked: Mapping[str, Any]) -> str:
        """What else is wrong with the engine's request, as a sentence for ``invalid_request``."""
        return ""

    def default_scopes(self, app: App) -> list[str]:
        """What is asked for when the request names no scope."""
        return list(self.scopes)

    def allows_redirect_uri(self, app: App, uri: str) -> bool:
        return app.redirect_uri_allowed(uri)

    def redirect_extras(self, granted: Sequence[str]) -> dict[str, str]:
        """What comes back to the app beside the code and the state."""
        return {}

    def is_offline(self, asked: Any, granted: Sequence[str]) -> bool:
        """Whether a refresh token comes with the consent; ``asked`` is the engine's request."""
        return True

    def gives_refresh_token(self, consent: Consent, asked: Any) -> bool:
        """Whether this answer of the token endpoint brings one; ``asked`` is the engine's."""
        return consent.offline

    # Endpoints

    def form(self, request: HttpRequest) -> dict[str, str]:
        """What was posted to the token or revoke endpoint, in the engine's words."""
        return request.POST.dict()

    def token(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        form = self.form(request)
        caller.client_id = protocol.client_id_in(request, form)
        caller.grant_type = form.get("grant_type", "")[:60]
        code, token = form.get("code", ""), form.get("refresh_token", "")
        caller.account = protocol.account_of(code=code, token=token)
        try:
            tokens = protocol.hand_out(
                self,
                form,
                authorization=request.headers.get("Authorization", ""),
                query=request.GET.urlencode(),
            )
        except Refusal as refusal:
            refusal.description = self.explain(refusal, form)
            raise
        consent = consent_of_token(tokens["access_token"])
        assert consent is not None
        refreshed = form.get("grant_type") == "refresh_token"
        turned = self.dials()
        if not turned.send_scope:
            del tokens["scope"]
        if refreshed and not turned.refresh_answer_has_refresh_token:
            tokens.pop("refresh_token", None)
        answer = self.token_answer(tokens, consent, refreshed=refreshed)
        return JsonResponse(answer, headers={"Cache-Control": "no-store"})

    def token_answer(
        self, tokens: dict[str, Any], consent: Consent, *, refreshed: bool
    ) -> dict[str, Any]:
        """The engine's answer (RFC 6749 §5.1) in this company's form."""
        return tokens

    def explain(self, refusal: Refusal, form: Mapping[str, str]) -> str:
        """This company's words for a refusal of the token endpoint."""
        return refusal.description

    def revoke(self, request: HttpRequest, caller: Caller) -> HttpResponse:
        """RFC 7009: an unknown token is 200 as well."""
        form = self.form(request)
        caller.client_id = protocol.client_id_in(request, form)
        caller.account = protocol.account_of(token=form.get("token", ""))
        protocol.take_back(
            self,
            form,
            authorization=request.headers.get("Authorization", ""),
            query=request.GET.urlencode(),
        )
        return HttpResponse()

    def deregister(self, request: HttpRequest, caller: Caller, **captured: Any) -> HttpResponse:
        """A revoke by ``DELETE`` with the access token."""
        revocation.by_client(self.bearer(request, caller).consent)
        return HttpResponse(status=204)

    def bearer(self, request: HttpRequest, caller: Caller, *scopes: str) -> AccessToken:
        """Who is calling with which token. Raises ``Refusal``, also for a scope that is missing."""
        found = protocol.bearer(self, protocol.token_in(request))
        caller.client_id, caller.account = found.application.client_id, found.user.name
        if missing := [scope for scope in scopes if scope not in found.consent.scopes]:
            raise Refusal("insufficient_scope", missing[0])
        return found

    def refuse(self, refusal: Refusal) -> HttpResponse:
        """The body of an error (RFC 6749 §5.2), and its status."""
        body = {"error": refusal.error}
        if refusal.description:
            body["error_description"] = refusal.description
        return JsonResponse(body, status=refusal.status, headers=refusal.headers)

    def turn_away(self, status: int, kind: str) -> HttpResponse:
        """What a dial asked for: 403, 410 or 429, in this company's form."""
        wait = {"Retry-After": "1"} if self.tells_retry_after else {}
        return JsonResponse({"error": str(status)}, status=status, headers=wait)

    def limits(self, kind: str, *, spent: bool) -> dict[str, str]:
        """Headers that tell of the rate limit, on an answer to a call of that kind."""
        return {}

    # Revocation

    def revoked_together(self, app: App) -> list[App]:
        """The apps whose consents one revocation ends."""
        return [app]

    # Notices

    def tells_end(self, consents: Sequence[Consent], how: End) -> list[Told]:
        """What an app is told when these consents of one account have ended.

        Runs in the transaction that ends them, also where a dial keeps the notices back.
        """
        return []

    def tells_permissions(self, consent: Consent) -> list[Told]:
        """What an app is told when the person has changed what it may read."""
        return []

    def tells_news(self, consent: Consent) -> list[Told]:
        """What an app is told when there is new data of a person; nothing that ends anything."""
        return []

    def notice_body(self, notice: Notice, app: App, *, forged: bool) -> bytes:
        """What goes out as the body, where it is its own proof; made anew for each sending."""
        return notice.body.encode()

    def notice_headers(self, body: bytes, app: App, *, forged: bool) -> dict[str, str]:
        """The proof of a notice, made anew for each sending; a wrong one if it is forged."""
        return {}

    def may_notify(self, app: App) -> bool:
        """Whether the app's notice URL may be used; the place of a test that comes before it."""
        return True

    def may_send(self, notice: Notice) -> bool:
        """The same for one notice, where not all of them have to wait for the test."""
        return self.may_notify(notice.app)

    def is_heard(self, status: int) -> bool:
        """Whether an app's answer to a notice counts, or it has to come again."""
        return 200 <= status < 300
