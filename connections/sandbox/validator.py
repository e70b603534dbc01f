"""What the OAuth library asks: which codes and tokens live, and what a new pair is tied to.

The whole of a token or revoke request runs in one IMMEDIATE transaction (``protocol``), so
nothing here can interleave with itself.
"""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from oauth2_provider.models import set_token_value
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from . import dials, lineage, revocation
from .models import AccessToken, App, Code, Consent, RefreshToken
from .models.consent import End
from .models.token import unspent

if TYPE_CHECKING:
    from .personality import Auth, Personality


class Validator(OAuth2Validator):
    """Decides as one personality does; a client of another one is unknown to it."""

    def __init__(self, personality: "Personality", places: "frozenset[Auth]") -> None:
        super().__init__()
        self.personality = personality
        self.places = {place.value for place in places}

    # Clients

    def validate_client_id(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return super().validate_client_id(client_id, request) and self._knows(request.client)

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """The secret where this personality wants it, and nowhere else."""
        known = False
        if "basic" in self.places:
            known = self._authenticate_basic_auth(request)
        if not known and "body" in self.places:
            known = self._authenticate_request_body(request)
        return known and self._knows(request.client)

    def _knows(self, app: App) -> bool:
        return bool(app.personality == self.personality.id)

    # The authorisation request

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        return self.personality.pkce.value == "required"

    def validate_scopes(
        self,
        client_id: str,
        scopes: list[str],
        client: App,
        request: Request,
        *args: Any,
        **kw: Any,
    ) -> bool:
        return set(scopes) <= set(self.personality.scopes)

    def get_default_scopes(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> list[str]:
        return self.personality.default_scopes(request.client)

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        return self.personality.allows_redirect_uri(request.client, redirect_uri)

    def get_default_redirect_uri(
        self, client_id: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        """What a request means that names none: that of its code, or the app's only one."""
        if not self.personality.redirect_uri_optional:
            return str(request.client.default_redirect_uri)
        code = Code.objects.filter(code=getattr(request, "code", None) or "").first()
        registered = request.client.redirect_uri_list
        if code is None and len(registered) != 1:
            return str(request.client.default_redirect_uri)
        return str(code.redirect_uri) if code else str(registered[0])

    # Codes

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        scope = " ".join(request.scopes)
        consent = Consent.objects.create(
            account=request.user,
            app=request.client,
            scope=scope,
            offline=self.personality.is_offline(request, request.scopes),
        )
        Code.objects.create(
            consent=consent,
            application=request.client,
            user=request.user,
            code=code["code"],
            expires=timezone.now() + timedelta(seconds=self.personality.dials().code_seconds),
            redirect_uri=request.redirect_uri,
            scope=scope,
            code_challenge=request.code_challenge or "",
            code_challenge_method=request.code_challenge_method or "",
        )

    def validate_code(
        self, client_id: str, code: str, client: App, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """A used code kills its consent."""
        found = Code.objects.filter(code=code, application=client).first()
        if found is None:
            return False
        consent: Consent = found.consent
        if found.used_at is not None:
            consent.finish(End.CODE_REUSED)
        if consent.ended_at is not None or found.is_expired():
            return False
        request.scopes, request.user, request.consent = consent.scopes, found.user, consent
        return True

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        now = timezone.now()
        Code.objects.filter(code=code, application=request.client).update(used_at=now)

    # Tokens

    def validate_refresh_token(
        self, refresh_token: str, client: App, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        found = RefreshToken.objects.filter(
            token_checksum=checksum(refresh_token), application=client
        ).first()
        if found is None:
            return False
        turned = self.personality.dials()
        if found.revoked is not None and found.revoked <= timezone.now():
            if turned.refresh_reuse_kills:
                found.consent.finish(End.REFRESH_REUSED)
            return False
        if _has_run_out(found, turned):
            return False
        request.user, request.consent = found.user, found.consent
        request.refresh_token, request.refresh_token_instance = refresh_token, found
        return True

    def get_original_scopes(
        self, refresh_token: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        return str(request.consent.scope)

    def rotate_refresh_token(self, request: Request) -> bool:
        return self.personality.dials().refresh_rotates

    def _save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Hand out the pair; what came before it dies here, or is handed out once more."""
        consent: Consent = request.consent
        turned = self.personality.dials()
        previous: RefreshToken | None = getattr(request, "refresh_token_instance", None)
        repeats = self.personality.one_lineage and not turned.second_consent_kills
        if previous is None:
            if repeats:
                lineage.join(consent)
            _exchange(consent, kills=repeats or turned.second_consent_kills)
        if self.personality.one_lineage:
            if _repeat(token, consent):
                return
            if previous is None or turned.refresh_rotates:
                lineage.retire(consent)
        if turned.refresh_kills_access:
            consent.access_tokens.all().delete()
        if previous is not None and turned.refresh_rotates and previous.revoked is None:
            works_until = timezone.now() + timedelta(seconds=turned.refresh_grace_seconds)
            RefreshToken.objects.filter(pk=previous.pk).update(revoked=works_until)
        token["expires_in"] = turned.access_token_seconds
        gives_refresh = self.personality.gives_refresh_token(consent, request)
        if not gives_refresh:
            del token["refresh_token"]
        keeps_refresh = previous is not None and not turned.refresh_rotates
        self._keep(token, request, with_refresh=gives_refresh and not keeps_refresh)
        if turned.refresh_token_cap:
            _drop_oldest(consent, keep=int(turned.refresh_token_cap))

    def _keep(self, token: dict[str, Any], request: Request, *, with_refresh: bool) -> None:
        tied = {"consent": request.consent, "user": request.user, "application": request.client}
        access = AccessToken(
            scope=token["scope"],
            expires=timezone.now() + timedelta(seconds=token["expires_in"]),
            **tied,
        )
        if self.personality.one_lineage:
            token["access_token"] = lineage.access_text(access)
        set_token_value(access, token["access_token"])
        access.save()
        if not with_refresh:
            return
        refresh = RefreshToken(access_token=access, **tied)
        if self.personality.one_lineage:
            token["refresh_token"] = lineage.refresh_text(refresh)
        set_token_value(refresh, token["refresh_token"])
        refresh.save()

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Any token of a consent ends all of it; a token of another client is an unknown one."""
        consent = consent_of_token(token)
        if consent is not None and consent.app == request.client:
            revocation.by_client(consent)


def checksum(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def consent_of_token(token: str) -> Consent | None:
    for model in (AccessToken, RefreshToken):
        found = model.objects.filter(token_checksum=checksum(token)).first()
        if found is not None:
            consent: Consent = found.consent
            return consent
    return None


def _has_run_out(refresh: RefreshToken, turned: dials.Dials) -> bool:
    lives = turned.refresh_token_seconds
    created: datetime = refresh.created
    return bool(lives) and created + timedelta(seconds=lives) <= timezone.now()


def _exchange(consent: Consent, *, kills: bool) -> None:
    """The moment of a consent: whatever else lives of this account and client ends here."""
    consent.exchanged_at = timezone.now()
    consent.save(update_fields=["exchanged_at"])
    if kills:
        for other in consent.siblings().live():
            other.finish(End.SUPERSEDED)


def _drop_oldest(consent: Consent, *, keep: int) -> None:
    """What is more than so many refresh tokens of this account and client dies silently."""
    now, tied = timezone.now(), {"user": consent.account, "application": consent.app}
    living = RefreshToken.objects.filter(unspent(now), **tied).order_by("-pk")
    too_old = list(living.values_list("pk", flat=True)[keep:])
    RefreshToken.objects.filter(pk__in=too_old).update(revoked=now)


def _repeat(token: dict[str, Any], consent: Consent) -> bool:
    """Hand out the set that there is, if it is good for long enough."""
    found = lineage.current(consent)
    if found is None:
        return False
    access, refresh = found
    token["access_token"] = lineage.access_text(access)
    token["refresh_token"] = lineage.refresh_text(refresh)
    token["expires_in"] = int((access.expires - timezone.now()).total_seconds())
    return True
