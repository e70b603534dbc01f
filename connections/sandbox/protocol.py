"""The OAuth library as the engine of every personality: its words in, its verdicts out."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus, urlencode

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.settings import oauth2_settings
from oauthlib.oauth2 import OAuth2Error

from .models import AccessToken, Code, Consent, RefreshToken
from .models.token import unspent
from .refusal import Refusal
from .validator import Validator, checksum, consent_of_token

if TYPE_CHECKING:
    from .personality import Personality


def engine(personality: "Personality", *, revokes: bool = False) -> Any:
    """The library's server, deciding as this personality does."""
    places = personality.revoke_auth if revokes else None
    return oauth2_settings.OAUTH2_SERVER_CLASS(
        Validator(personality, places or personality.client_auth), **oauth2_settings.server_kwargs
    )


def hand_out(
    personality: "Personality", form: Mapping[str, str], *, authorization: str = "", query: str = ""
) -> dict[str, Any]:
    """The token endpoint (RFC 6749 §3.2): a token set for this form. Raises ``Refusal``.

    Everything happens in one transaction, and a refusal keeps its effects: the second use of a
    code, say, has ended a consent.
    """
    with transaction.atomic():
        try:
            headers, body, status = engine(personality).create_token_response(
                f"/?{query}", "POST", urlencode(form), _headers(authorization)
            )
        except OAuth2Error as error:
            headers, body, status = error.headers, error.json, error.status_code
    return _read(headers, body, status)


def take_back(
    personality: "Personality", form: Mapping[str, str], *, authorization: str = "", query: str = ""
) -> None:
    """The revocation endpoint (RFC 7009): an unknown token is well as well. Raises ``Refusal``."""
    with transaction.atomic():
        headers, body, status = engine(personality, revokes=True).create_revocation_response(
            f"/?{query}", "POST", urlencode(form), _headers(authorization)
        )
    _read(headers, body, status)


def bearer(personality: "Personality", token: str) -> AccessToken:
    """The living access token (RFC 6750). Raises ``Refusal``: ``invalid_token`` or
    ``expired_token``."""
    found: AccessToken | None = (
        AccessToken.objects.select_related("application", "user", "consent__app")
        .filter(token_checksum=checksum(token), application__personality=personality.id)
        .first()
    )
    if found is None:
        raise Refusal("invalid_token")
    if found.is_expired():
        raise Refusal("expired_token", status=401)
    now = timezone.now()
    # The first use of a new access token ends the grace of the refresh token before it.
    found.consent.refresh_tokens.exclude(access_token=found).filter(revoked__gt=now).update(
        revoked=now
    )
    return found


def living(personality: "Personality", token: str) -> Consent:
    """The consent of an access or refresh token that still works. Raises ``Refusal``:
    ``invalid_token``."""
    now, known = timezone.now(), {"token_checksum": checksum(token)}
    access = AccessToken.objects.filter(expires__gt=now, **known).first()
    found = access or RefreshToken.objects.filter(unspent(now), **known).first()
    if found is None or found.application.personality != personality.id:
        raise Refusal("invalid_token")
    consent: Consent = found.consent
    return consent


def json_in(request: HttpRequest) -> dict[str, Any]:
    """The JSON object that was posted; empty for anything else, lone surrogates included."""
    try:
        said = json.loads(request.body)
        json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def token_in(request: HttpRequest) -> str:
    """The bearer token of the request's header; empty if there is none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def client_id_in(request: HttpRequest, form: Mapping[str, str]) -> str:
    """Who says to be calling, for the log only."""
    return (basic_in(request)[0] or form.get("client_id", ""))[:255]


def basic_in(request: HttpRequest) -> tuple[str, str]:
    """Client id and secret of the request's header (RFC 6749 §2.3.1); empty if there are none."""
    kind, _, coded = request.headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return "", ""
    try:
        client_id, _, secret = base64.b64decode(coded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)


def account_of(*, code: str = "", token: str = "") -> str:
    """Whose code or token it is, for the log only."""
    found = Code.objects.filter(code=code).select_related("consent__account").first()
    consent = found.consent if found else consent_of_token(token)
    return consent.account.name if consent else ""


def _headers(authorization: str) -> dict[str, str]:
    """As the library and Django's layer on it each want to find them."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if authorization:
        headers |= {"Authorization": authorization, "HTTP_AUTHORIZATION": authorization}
    return headers


def _read(headers: dict[str, str], body: str, status: int) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(body) if body else {}
    if status >= 400:
        error, description = said.get("error", "invalid_request"), said.get("error_description", "")
        kept = {name: value for name, value in headers.items() if name != "Content-Type"}
        raise Refusal(error, description, status=status, headers=kept)
    return said
