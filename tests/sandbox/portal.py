"""The portal's own modules as apps at the stand-ins: each side was written from the maker's pages
alone, so that what one has misread the other shows.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.datastructures import CaseInsensitiveMapping
from pytest_django.fixtures import Settings

from connections.providers import WearableProvider, build
from connections.providers.answers import (
    Credentials,
    Held,
    Knock,
    NoticeMessage,
    NotVerifiedError,
    TokenSet,
)

from .company import NoticeServer, Received, query
from .stand_in import StandIn

PORTAL = "http://portal.example"


def redirect_uri(personality: str) -> str:
    return f"{PORTAL}/connect/callback/{personality}/"


@dataclass
class Meeting:
    """A provider's module with the app's credentials, and with its ear at the app's notice URL."""

    app: StandIn
    notices: NoticeServer
    settings: Settings
    resource: str
    heard: list[NoticeMessage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings.PUBLIC_BASE_URL = PORTAL
        self.settings.PROVIDER_HOSTS = {"*": f"{self.app.sandbox.url}/{{host}}"}
        self.notices.answer = self.hear
        self.notices.tested = lambda asked: (self._knock(Knock("HEAD", {}, asked)), "")

    def provider(self, **more: Any) -> WearableProvider:
        usual = {
            "notice_secret": self.app.notice_secret,
            "notice_url": self.app.notice_url,
            "simulated": True,
        }
        return build(
            Credentials(self.resource, self.app.client_id, self.app.secret, **{**usual, **more})
        )

    def connect(self, *scopes: str, **decision: Any) -> TokenSet:
        provider = self.provider()
        url, verifier = provider.authorize_url("state-of-ours", scopes)
        back = self.app.decide(url, **decision)
        assert back["state"] == "state-of-ours"
        return provider.exchange(back["code"], verifier, told_scope=back.get("scope", ""))

    def hear(self, received: Received) -> int:
        """The status that the portal's hook would answer with."""
        headers = CaseInsensitiveMapping(received.headers)
        return self._knock(Knock("POST", headers, query(received.path), received.body))

    def _knock(self, knock: Knock) -> int:
        try:
            reply = self.provider().hear(knock)
        except NotVerifiedError as error:
            return error.status or self.provider().refused_status
        self.heard += reply.messages
        return reply.status


def held(tokens: TokenSet) -> Held:
    return Held(tokens.access_token, tokens.refresh_token, tokens.provider_user_id)
