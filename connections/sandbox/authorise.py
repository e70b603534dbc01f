"""The authorisation request (RFC 6749 §4.1.1 with PKCE), for the consent page and its shortcut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.db import transaction
from oauthlib.common import add_params_to_uri
from oauthlib.oauth2.rfc6749 import errors

from . import personalities, protocol
from .models import Account, App

if TYPE_CHECKING:
    from .personality import Personality


class Refused(Exception):
    """Unknown client or redirect URI: shown to the person, never sent anywhere."""


class SentBack(Exception):
    """Anything else that is wrong goes to the client's redirect URI."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


@dataclass(frozen=True)
class Asked:
    """A request that may be consented to. ``uri`` is where it came to, query and all."""

    uri: str
    personality: "Personality"
    app: App
    scopes: list[str]
    redirect_uri: str
    credentials: dict[str, Any]
    engine_uri: str

    @property
    def host(self) -> str:
        return urlsplit(self.redirect_uri).netloc

    @property
    def labels(self) -> list[tuple[str, str]]:
        """What a person decides about: scope and words."""
        shown = [scope for scope in self.scopes if scope not in self.personality.fixed_scopes]
        return [(scope, self.personality.scopes[scope]) for scope in shown]


def read(uri: str) -> Asked:
    """Check the request. Raises ``Refused`` or ``SentBack``; ``ValueError`` for a strange path."""
    address = urlsplit(uri)
    personality = personalities.asking_at(address.path)
    query = personality.authorize_query(parse_qsl(address.query, keep_blank_values=True))
    engine_uri = f"{address.path}?{urlencode(query)}"
    try:
        scopes, credentials = protocol.engine(personality).validate_authorization_request(
            engine_uri, http_method="GET", body=None, headers={}
        )
        _check(personality, credentials)
    except errors.FatalClientError as error:
        raise Refused(error.description or error.error) from error
    except errors.OAuth2Error as error:
        raise SentBack(error.in_uri(error.redirect_uri)) from error
    app = App.objects.get(client_id=credentials["client_id"])
    redirect_uri = credentials["redirect_uri"]
    return Asked(uri, personality, app, list(scopes), redirect_uri, credentials, engine_uri)


def _check(personality: "Personality", credentials: dict[str, Any]) -> None:
    state, request = credentials["state"], credentials["request"]
    if credentials.get("code_challenge_method", "S256") != "S256":
        raise errors.UnsupportedCodeChallengeMethodError(state=state, request=request)
    if wrong := personality.check_authorize(credentials):
        raise errors.InvalidRequestError(wrong, state=state, request=request)


def deny(asked: Asked) -> str:
    """Where the browser goes with ``access_denied``."""
    error = errors.AccessDeniedError(state=asked.credentials["state"])
    return str(error.in_uri(asked.redirect_uri))


@transaction.atomic
def allow(asked: Asked, account: Account, scopes: Sequence[str]) -> str:
    """Record the consent; where the browser goes with its code. No scope left is a denial."""
    personality = asked.personality
    ticked = [
        scope
        for scope, _ in asked.labels
        if scope in scopes or not personality.scopes_can_be_unticked
    ]
    granted = [one for one in asked.scopes if one in (*ticked, *personality.fixed_scopes)]
    if not ticked and not (granted and personality.fixed_scopes_suffice):
        return deny(asked)
    credentials = {**asked.credentials, "user": account}
    headers, _, _ = protocol.engine(personality).create_authorization_response(
        asked.engine_uri,
        http_method="GET",
        body=None,
        headers={},
        scopes=granted,
        credentials=credentials,
    )
    extras = list(personality.redirect_extras(granted).items())
    return str(add_params_to_uri(headers["Location"], extras))
