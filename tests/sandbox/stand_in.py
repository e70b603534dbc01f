"""An app at the stand-in of a real provider: its client, and calls to the real addresses."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import requests

from .company import CHALLENGE, REDIRECT, query
from .process import Sandbox


@dataclass
class StandIn:
    """``at`` turns a real address into the sandbox's, as the portal's PROVIDER_HOSTS does."""

    sandbox: Sandbox
    personality: str
    notice_url: str = ""
    notice_secret: str = ""
    client_id: str = field(default_factory=lambda: f"client-{secrets.token_hex(4)}")
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    account: str = field(default_factory=lambda: f"person {secrets.token_hex(4)}")
    redirect_uri: str = REDIRECT

    def __post_init__(self) -> None:
        registration = {
            "client_id": self.client_id,
            "client_secret": self.secret,
            "name": f"App {self.client_id}",
            "redirect_uris": [self.redirect_uri],
            "notice_url": self.notice_url,
            "notice_secret": self.notice_secret,
            "personality": self.personality,
        }
        self.sandbox.control("PUT", "clients", registration)

    @property
    def basic(self) -> tuple[str, str]:
        return self.client_id, self.secret

    @property
    def in_body(self) -> dict[str, str]:
        return {"client_id": self.client_id, "client_secret": self.secret}

    @property
    def account_id(self) -> str:
        ids = self.sandbox.control("GET", f"accounts/{self.account}")["ids"]
        return str(ids[self.personality])

    def at(self, url: str) -> str:
        return f"{self.sandbox.url}/{url.removeprefix('https://')}"

    def call(self, method: str, url: str, token: str = "", **more: Any) -> requests.Response:
        if token:
            more["headers"] = {"Authorization": f"Bearer {token}", **more.get("headers", {})}
        return requests.request(method, self.at(url), timeout=20, allow_redirects=False, **more)

    def authorize_url(self, url: str, **changes: str | None) -> str:
        asked: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "state": "state-of-the-app",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        kept = {name: value for name, value in asked.items() if value is not None}
        prepared = requests.Request("GET", self.at(url), params=kept).prepare()
        assert prepared.url is not None
        return prepared.url

    def decide(self, authorize_url: str, decision: str = "allow", **more: Any) -> dict[str, str]:
        """The query that the redirect URL is called with."""
        asked = {"authorize_url": authorize_url, "account": self.account, **more}
        answer = self.sandbox.control("POST", "authorize", {**asked, "decision": decision})
        assert answer["redirect"].startswith(f"{self.redirect_uri}?")
        return query(answer["redirect"])

    def press_revoke(self) -> int:
        asked = {"account": self.account, "client_id": self.client_id}
        return int(self.sandbox.control("POST", "revoke", asked)["revoked"])

    def dial(self, **turned: Any) -> None:
        self.sandbox.control("PATCH", "dials", turned)

    def planned(self) -> list[str]:
        """The bodies of this client's notices, oldest first; sent or not."""
        listed = self.sandbox.control("GET", "notices")
        return [one["body"] for one in reversed(listed) if one["client_id"] == self.client_id]

    def sendings(self) -> list[tuple[int, bool]]:
        """How often each of this client's notices was tried, and whether it was taken."""
        listed = self.sandbox.control("GET", "notices")
        mine = [one["sendings"] for one in listed if one["client_id"] == self.client_id]
        return [(sent["attempts"], sent["done"]) for each in mine for sent in each]
