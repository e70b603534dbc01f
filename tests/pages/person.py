"""A person with a browser and a wearable account, and the company that asks them."""

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from connections import clients, links
from connections.models import Connection, ConnectSession
from developers.models import Environment, Event
from tests import cast
from tests.sandbox.process import Sandbox

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    # What Django's test client answers with has no public name.
    type_of_answer = _MonkeyPatchedWSGIResponse
else:
    type_of_answer = HttpResponse
Answer: TypeAlias = type_of_answer

CALLBACK = "/connect/callback/sandbox/"


@dataclass
class Person:
    """One browser. `account` is the wearable account that they sign in to."""

    sandbox: Sandbox
    account: str = field(default_factory=lambda: f"person {secrets.token_hex(4)}")
    browser: Client = field(default_factory=Client)

    def get(self, url: str, **headers: Any) -> Answer:
        return self.browser.get(url, **headers)

    def start(self, link: str, provider: str = "sandbox") -> str:
        """Presses the wearable's button; the provider's page that follows."""
        answer = self.browser.post(f"{link}start/{provider}/")
        assert answer.status_code == 302, answer.content
        return str(answer["Location"])

    def decide(self, authorize_url: str, decision: str = "allow", **more: Any) -> str:
        """Presses *Allow* or *Deny* there; the callback's address."""
        asked = {"authorize_url": authorize_url, "account": self.account, "decision": decision}
        redirect = self.sandbox.control("POST", "authorize", asked | more)["redirect"]
        return str(redirect)

    def connect(self, link: str, decision: str = "allow", **more: Any) -> Answer:
        """The whole way; the answer to the callback."""
        return self.get(self.decide(self.start(link), decision, **more))

    @property
    def attempt_cookies(self) -> list[str]:
        """Names of those that the browser still sends."""
        return [
            name
            for name, morsel in self.browser.cookies.items()
            if name.startswith("portal_attempt_") and morsel.value
        ]


@dataclass
class Asking:
    """A company's testing environment, with the sandbox on offer."""

    environment: Environment

    def link(self, **wishes: Any) -> str:
        """A link as its path."""
        return self.session(**wishes)[1]

    def session(self, **wishes: Any) -> tuple[ConnectSession, str]:
        session, url = links.open_session(self.environment, **wishes)
        return session, urlsplit(url).path

    def users(self) -> list[Connection]:
        mine = Connection.objects.for_environment(self.environment)
        return list(mine.active().order_by("created_at"))

    def told(self, type_: str = "auth_cancelled") -> list[str]:
        """The reasons (or kinds) of the events of this type, oldest first."""
        events = Event.objects.filter(environment=self.environment, type=type_)
        bodies = events.order_by("occurred_at").values_list("body", flat=True)
        return [json.loads(body)["portal"]["kind"] for body in bodies]


def asking(name: str) -> Asking:
    return Asking(cast.company(name).environments["testing"])


def register(sandbox: Sandbox) -> str:
    """A shared client of the platform, known to the sandbox; its client id."""
    client_id, secret = f"portal-{secrets.token_hex(4)}", secrets.token_hex(16)
    clients.add("SANDBOX", client_id=client_id, client_secret=secret, simulated=True)
    sandbox.control(
        "PUT",
        "clients",
        {
            "client_id": client_id,
            "client_secret": secret,
            "name": "Terra Portal",
            "redirect_uris": [
                settings.PUBLIC_BASE_URL + reverse("connect_callback", args=["sandbox"])
            ],
        },
    )
    return client_id


def query(url: str) -> dict[str, str]:
    """The query of an address; a repeated name keeps its first value."""
    found = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return {name: values[0] for name, values in found.items()}


def form_action(response: Answer) -> list[str]:
    """The sources of the answer's `form-action`."""
    policy = response["Content-Security-Policy"]
    found = [part.split()[1:] for part in policy.split("; ") if part.startswith("form-action ")]
    assert len(found) == 1, policy
    return found[0]


def text(response: Answer) -> str:
    return response.content.decode()
