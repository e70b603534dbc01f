"""What the OAuth library asks: which codes and tokens live, and what a new pair is tied to.

The whole of a token or revoke request runs in one IMMEDIATE transaction (``protocol``), so
nothing here can interleave with itself.
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone
from oauth2_provider.models import set_token_value
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request

from . import dials, revocation
from .models import AccessToken, App, Code, Consent, RefreshToken
from .models.consent import End


class Validator(OAuth2Validator):
    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        scope = " ".join(request.scopes)
        consent = Consent.objects.create(account=request.user, app=request.client, scope=scope)
        Code.objects.create(
            consent=consent,
            application=request.client,
            user=request.user,
            code=code["code"],
            expires=timezone.now() + timedelta(seconds=dials.read().code_seconds),
            redirect_uri=request.redirect_uri,
            scope=scope,
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
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

    def validate_refresh_token(
        self, refresh_token: str, client: App, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        found = RefreshToken.objects.filter(
            token_checksum=checksum(refresh_token), application=client
        ).first()
        if found is None:
            return False
        if found.revoked is not None:
            if dials.read().refresh_reuse_kills:
                found.consent.finish(End.REFRESH_REUSED)
            return False
        request.user, request.consent = found.user, found.consent
        request.refresh_token, request.refresh_token_instance = refresh_token, found
        return True

    def get_original_scopes(
        self, refresh_token: str, request: Request, *args: Any, **kwargs: Any
    ) -> str:
        return str(request.consent.scope)

    def rotate_refresh_token(self, request: Request) -> bool:
        return dials.read().refresh_rotates

    def _save_bearer_token(
        self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Hand out the pair; what came before it dies here."""
        consent: Consent = request.consent
        turned = dials.read()
        previous: RefreshToken | None = getattr(request, "refresh_token_instance", None)
        if previous is None:
            _exchange(consent, kills=turned.second_consent_kills)
        consent.access_tokens.all().delete()
        if previous is not None and turned.refresh_rotates:
            RefreshToken.objects.filter(pk=previous.pk).update(revoked=timezone.now())
        token["expires_in"] = turned.access_token_seconds
        _keep(token, request, keeps_refresh=previous is not None and not turned.refresh_rotates)
        _describe(token, consent, turned, refreshed=previous is not None)

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Any token of a consent ends all of it; a token of another client is an unknown one."""
        consent = consent_of_token(token)
        if consent is not None and consent.app == request.client:
            revocation.by_client(consent)


def checksum(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def consent_of_token(token: str) -> Consent | None:
    for model in (AccessToken, RefreshToken):
        found = model.objects.filter(token_checksum=checksum(token)).first()
        if found is not None:
            consent: Consent = found.consent
            return consent
    return None


def _exchange(consent: Consent, *, kills: bool) -> None:
    """The moment of a consent: whatever else lives of this account and client ends here."""
    consent.exchanged_at = timezone.now()
    consent.save(update_fields=["exchanged_at"])
    if kills:
        for other in consent.siblings().live():
            other.finish(End.SUPERSEDED)


def _keep(token: dict[str, Any], request: Request, *, keeps_refresh: bool) -> None:
    tied = {"consent": request.consent, "user": request.user, "application": request.client}
    access = AccessToken(
        scope=token["scope"],
        expires=timezone.now() + timedelta(seconds=token["expires_in"]),
        **tied,
    )
    set_token_value(access, token["access_token"])
    access.save()
    if keeps_refresh:
        return
    refresh = RefreshToken(access_token=access, **tied)
    set_token_value(refresh, token["refresh_token"])
    refresh.save()


def _describe(
    token: dict[str, Any], consent: Consent, turned: dials.Dials, *, refreshed: bool
) -> None:
    """Finish the answer: the library serialises this very dictionary next."""
    token["user_id"] = consent.account.user_id
    token["consent_id"] = consent.consent_id
    if not turned.send_scope:
        del token["scope"]
    if refreshed and not turned.refresh_answer_has_refresh_token:
        del token["refresh_token"]
