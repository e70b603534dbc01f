"""The authorisation request (RFC 6749 §4.1.1 with PKCE), for the consent page and its shortcut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauthlib.oauth2.rfc6749 import errors

from .models import Account, App


class Refused(Exception):
    """Unknown client or redirect URI: shown to the person, never sent anywhere."""


class SentBack(Exception):
    """Anything else that is wrong goes to the client's redirect URI."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@dataclass(frozen=True)
class Asked:
    """A request that may be consented to."""

    uri: str
    app: App
    scopes: list[str]
    redirect_uri: str
    credentials: dict[str, Any]

    @property
    def host(self) -> str:
        return urlsplit(self.redirect_uri).netloc


def read(uri: str) -> Asked:
    """Check the request. Raises ``Refused`` or ``SentBack``."""
    try:
        scopes, credentials = get_oauthlib_core().server.validate_authorization_request(
            uri, http_method="GET", body=None, headers={}
        )
        if credentials["code_challenge_method"] != "S256":
            raise errors.UnsupportedCodeChallengeMethodError(
                state=credentials["state"], request=credentials["request"]
            )
    except errors.FatalClientError as error:
        raise Refused(error.description or error.error) from error
    except errors.OAuth2Error as error:
        raise SentBack(error.in_uri(error.redirect_uri)) from error
    app = App.objects.get(client_id=credentials["client_id"])
    return Asked(uri, app, list(scopes), credentials["redirect_uri"], credentials)


def deny(asked: Asked) -> str:
    """Where the browser goes with ``access_denied``."""
    error = errors.AccessDeniedError(state=asked.credentials["state"])
    return str(error.in_uri(asked.redirect_uri))


@transaction.atomic
def allow(asked: Asked, account: Account, scopes: Sequence[str]) -> str:
    """Record the consent; where the browser goes with its code. No scope left is a denial."""
    granted = [scope for scope in asked.scopes if scope in scopes]
    if not granted:
        return deny(asked)
    credentials = {**asked.credentials, "user": account}
    headers, _, _ = get_oauthlib_core().server.create_authorization_response(
        asked.uri, http_method="GET", body=None, headers={}, scopes=granted, credentials=credentials
    )
    return str(headers["Location"])
