"""Two companies, one wearable's client at a real sandbox process, and a person with an account."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pytest_django.fixtures import Settings

from connections import alarms, clients, connect, finish, incidents, links, notices, sweeps
from connections.connect import Begun, Landing
from connections.models import Connection, Grant, OAuthClient
from developers.companies import CreatedCompany
from developers.models import Environment, Event
from developers.webhooks import delivery
from terra_portal import tenancy
from tests import cast
from tests.sandbox.company import NoticeServer, Received, query, wait_until
from tests.sandbox.process import Sandbox, start_sandbox


@dataclass
class World:
    """`a` and `b` are the testing environments of two companies that share one client."""

    sandbox: Sandbox
    inbound: NoticeServer
    client: OAuthClient
    notice_url: str
    alder: CreatedCompany
    birch: CreatedCompany
    account: str = field(default_factory=lambda: f"person {secrets.token_hex(4)}")
    since: int = 0

    @property
    def a(self) -> Environment:
        return self.alder.environments["testing"]

    @property
    def b(self) -> Environment:
        return self.birch.environments["testing"]

    def register(self, notice_url: str) -> None:
        """The client as the provider knows it."""
        registration = {
            "client_id": self.client.client_id,
            "client_secret": self.client.client_secret,
            "redirect_uris": [clients.redirect_url("SANDBOX")],
            "notice_url": notice_url,
        }
        self.sandbox.control("PUT", "clients", registration)

    # What the person and the provider do

    def begin(self, environment: Environment, reference_id: str = "", **options: Any) -> Begun:
        """A link is made and its wearable clicked."""
        session, _ = links.open_session(environment, reference_id=reference_id, **options)
        return connect.begin(session, "SANDBOX")

    def consent(self, begun: Begun, decision: str = "allow", **more: Any) -> dict[str, str]:
        """The query that the provider sends the browser back with."""
        asked = {"authorize_url": begun.authorize_url, "account": self.account, **more}
        answer = self.sandbox.control("POST", "authorize", {**asked, "decision": decision})
        return query(answer["redirect"])

    def complete(self, begun: Begun, said: dict[str, str], *, cookie: bool = True) -> Landing:
        return connect.complete(
            "sandbox",
            state=said.get("state", ""),
            code=said.get("code", ""),
            error=said.get("error", ""),
            cookies={begun.cookie_name: begun.cookie_value} if cookie else {},
        )

    def connect(self, environment: Environment, reference_id: str = "") -> Connection:
        """A whole attempt; the connection that came of it."""
        begun = self.begin(environment, reference_id)
        landing = self.complete(begun, self.consent(begun))
        assert landing.step == "connected", landing
        return Connection.objects.get(pk=begun.attempt.user_id)

    def press_revoke(self) -> Received:
        """The person revokes at the wearable's own page; the notice as it was sent."""
        before = len(self.inbound.received)
        asked = {"account": self.account, "client_id": self.client.client_id}
        assert self.sandbox.control("POST", "revoke", asked)["revoked"] == 1
        wait_until(lambda: len(self.inbound.received) > before)
        return self.inbound.received[before]

    def refresh(self, refresh_token: str) -> None:
        """A refresh whose answer nobody stores."""
        answer = httpx.post(
            f"{self.sandbox.url}/oauth/token",
            data={"grant_type": "refresh_token", "refresh_token": refresh_token},
            auth=(self.client.client_id, self.client.client_secret),
            trust_env=False,
        )
        assert answer.status_code == 200

    # What can be seen

    def dial(self, **changes: Any) -> None:
        self.sandbox.control("PATCH", "dials", changes)

    def calls(self, kind: str) -> list[dict[str, Any]]:
        """This client's calls of that kind since the test began."""
        log = self.sandbox.control("GET", f"log?since={self.since}")
        mine = self.client.client_id
        return [call for call in log if call["kind"] == kind and call["client_id"] == mine]

    def is_alive(self, access_token: str) -> bool:
        """Whether the provider takes this token, asked past the portal."""
        bearer = {"Authorization": f"Bearer {access_token}"}
        answer = httpx.get(f"{self.sandbox.url}/v1/me", headers=bearer, trust_env=False)
        assert answer.status_code in {200, 401}
        return answer.status_code == 200

    def grant(self) -> Grant:
        return Grant.objects.get(oauth_client=self.client)

    def events(self, environment: Environment) -> list[str]:
        """The types of what this environment was told, in order."""
        rows = Event.objects.filter(environment=environment).order_by("occurred_at", "sequence")
        return list(rows.values_list("type", flat=True))


def work() -> int:
    """One round of what worker and beat do."""
    done = notices.sweep() + sweeps.grants_due() + sweeps.subscriptions_due() + finish.sweep()
    done += incidents.sweep() + alarms.sweep()
    with tenancy.system("deliveries that are due"):
        return done + delivery.deliver_due()


def last_call(sandbox: Sandbox) -> int:
    """The number of the provider's latest call; its log is told in pages."""
    number = 0
    while page := sandbox.control("GET", f"log?since={number}"):
        number = int(page[-1]["number"])
    return number


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running(tmp_path_factory.mktemp("wearable")) as sandbox:
        yield sandbox


@contextmanager
def running(folder: Any) -> Iterator[Sandbox]:
    sandbox = start_sandbox(folder)
    try:
        yield sandbox
    finally:
        sandbox.stop()


@pytest.fixture
def world(transactional_db: None, sandbox_process: Sandbox, settings: Settings) -> Iterator[World]:
    """Everything at its harsh default, but each notice is sent once: a test repeats it itself."""
    settings.SANDBOX_URL = sandbox_process.url
    sandbox_process.control("DELETE", "dials")
    sandbox_process.control("PATCH", "dials", {"notices": "once"})
    inbound = NoticeServer()
    client_id, secret = f"client-{secrets.token_hex(4)}", secrets.token_hex(16)
    added = clients.add("SANDBOX", client_id=client_id, client_secret=secret, simulated=True)
    world = World(
        sandbox_process,
        inbound,
        added.client,
        added.notice_url,
        cast.company("Alder"),
        cast.company("Birch"),
        since=last_call(sandbox_process),
    )
    world.register(inbound.url)
    yield world
    inbound.shutdown()
    inbound.server_close()
