"""One provider as the sandbox plays it, an account there, and two companies that share a client."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connections import clients, connect, grants, links
from connections.connect import Begun, Landing
from connections.models import Connection, Grant, OAuthClient
from connections.providers import WearableProvider
from connections.providers.answers import Probe
from connections.states import Attention, ConnectionState, Door, End, GrantState
from developers.companies import CreatedCompany
from developers.models import Environment, Event
from terra_portal import clock
from tests import cast
from tests.sandbox.company import query, wait_until
from tests.sandbox.process import Sandbox
from tests.world import last_call, work

# Long enough before the present for a notice to be later than the consent beyond doubt, and for
# consents not to overtake one another.
FIRST, SECOND = timedelta(minutes=20), timedelta(minutes=10)
HOUR = 3600
A_MOMENT = timedelta(seconds=1)


@dataclass
class Wearable:
    """`seen` is what the cell of the matrix will say."""

    maker: type[WearableProvider]
    sandbox: Sandbox
    added: clients.AddedClient
    alder: CreatedCompany
    birch: CreatedCompany
    since: int
    account: str = field(default_factory=lambda: f"person {secrets.token_hex(4)}")
    seen: str = ""

    @property
    def a(self) -> Environment:
        return self.alder.environments["testing"]

    @property
    def b(self) -> Environment:
        return self.birch.environments["testing"]

    @property
    def client(self) -> OAuthClient:
        """As it stands now."""
        return OAuthClient.objects.get(pk=self.added.client.pk)

    # What the person does

    def begin(self, environment: Environment, reference_id: str = "") -> Begun:
        session, _ = links.open_session(environment, reference_id=reference_id)
        return connect.begin(session, self.maker.resource)

    def decide(self, begun: Begun, decision: str = "allow", **more: Any) -> dict[str, str]:
        """The query that the provider sends the browser back with."""
        asked = {"authorize_url": begun.authorize_url, "account": self.account, **more}
        answer = self.sandbox.control("POST", "authorize", {**asked, "decision": decision})
        return query(answer["redirect"])

    def complete(self, begun: Begun, said: dict[str, str]) -> Landing:
        return connect.complete(
            self.maker.id,
            state=said["state"],
            code=said.get("code", ""),
            error=said.get("error", ""),
            scope=said.get("scope", ""),
            cookies={begun.cookie_name: begun.cookie_value},
        )

    def connect(self, environment: Environment, reference_id: str = "", **more: Any) -> Connection:
        begun = self.begin(environment, reference_id)
        landing = self.complete(begun, self.decide(begun, **more))
        assert landing.step == "connected", landing
        return Connection.objects.get(pk=begun.attempt.user_id)

    def connect_one(self) -> None:
        """A, a while ago; the notices are ordered."""
        with clock.shifted(-SECOND):
            self.connect(self.a)
            work()

    def connect_both(self) -> None:
        """A, and after it B, a while ago; the notices are ordered."""
        with clock.shifted(-FIRST):
            self.connect(self.a)
        with clock.shifted(-SECOND):
            self.connect(self.b)
            work()

    def press_revoke(self) -> None:
        """At the provider's own page. What it sends of it has arrived when this returns."""
        asked = {"account": self.account, "client_id": self.client.client_id}
        assert self.sandbox.control("POST", "revoke", asked)["revoked"]
        self.notices()

    # What the provider does

    def dial(self, **changes: Any) -> None:
        self.sandbox.control("PATCH", "dials", changes)

    def dials(self) -> dict[str, Any]:
        """As they stand for this provider."""
        return dict(self.sandbox.control("GET", f"dials?personality={self.maker.id}"))

    def drafts(self) -> list[dict[str, str]]:
        """The notices that a revocation by the person would bring now."""
        asked = {"account": self.account, "client_id": self.client.client_id}
        return list(self.sandbox.control("POST", "notices/draft", asked))

    def send(self, draft: dict[str, str], *, proof: str = "right") -> int:
        """What the hook answers to a notice about nothing that happened."""
        asked = {**draft, "client_id": self.client.client_id, "signature": proof}
        sent = self.sandbox.control("POST", "notices/forge", asked)
        (status,) = self._answers(sent["id"])
        return status

    def repeat_notices(self) -> int:
        """Each of them once more, with a proof of its own; says how many."""
        sent = self.notices()
        for notice in sent:
            self.sandbox.control("POST", "notices/resend", {"id": notice["id"]})
        self.notices()
        return len(sent)

    def notices(self) -> list[dict[str, Any]]:
        """This client's notices, after each sending has been heard by the portal."""
        wait_until(lambda: all(sending["done"] for sending in self._sendings()))
        return self._mine()

    def wait_for_answers(self) -> None:
        """Until no notice is on its way, be it heard or refused."""
        wait_until(lambda: all(sending["status"] for sending in self._sendings()))

    def _answers(self, notice_id: str) -> list[int]:
        def found() -> list[int]:
            (notice,) = (one for one in self._mine() if one["id"] == notice_id)
            return [int(sending["status"] or 0) for sending in notice["sendings"]]

        wait_until(lambda: all(found()))
        return found()

    def _sendings(self) -> list[dict[str, Any]]:
        return [sending for one in self._mine() for sending in one["sendings"]]

    def _mine(self) -> list[dict[str, Any]]:
        listed = self.sandbox.control("GET", "notices")
        return [one for one in listed if one["client_id"] == self.client.client_id]

    def calls(self, kind: str) -> list[dict[str, Any]]:
        """This client's calls of that kind since the test began."""
        log = self.sandbox.control("GET", f"log?since={self.since}")
        mine = self.client.client_id
        return [call for call in log if call["kind"] == kind and call["client_id"] == mine]

    def refreshes(self) -> int:
        return sum(call["grant_type"] == "refresh_token" for call in self.calls("token"))

    def at_provider(self, what: str = "consents") -> list[dict[str, Any]]:
        """The person's consents or subscriptions for this client, as the provider lists them."""
        listed = self.sandbox.control("GET", f"accounts/{self.account}")
        return [one for one in listed[what] if one["client_id"] == self.client.client_id]

    def is_alive(self) -> bool:
        """Whether the stored token opens the account now; the portal learns nothing by it."""
        return grants.look(self.grant()) is Probe.ALIVE

    # Time

    @contextmanager
    def at(self, *moments: datetime | None) -> Iterator[None]:
        """A moment after the latest of them."""
        latest = max(moment for moment in moments if moment)
        with clock.shifted(max(latest - clock.now(), timedelta(0)) + A_MOMENT):
            yield

    def look(self, *, not_before: datetime | None = None) -> None:
        """What worker and beat do when the next look at the account has come, and may be taken."""
        grant, client = self.grant(), self.client
        assert grant.next_probe_at is not None
        waits = [client.probe_slot_at, client.busy_until, client.rejected_until]
        with self.at(grant.next_probe_at, *waits, not_before):
            work()

    # What can be seen here

    def grant(self) -> Grant:
        return Grant.objects.select_related("oauth_client").get(oauth_client=self.added.client)

    def events(self, environment: Environment) -> list[str]:
        """The types of what this environment was told, in order."""
        rows = Event.objects.filter(environment=environment).order_by("occurred_at", "sequence")
        return list(rows.values_list("type", flat=True))

    def log(self, environment: Environment) -> list[tuple[str, str]]:
        """Kind and door of each end."""
        rows = environment.revocations.order_by("recorded_at")
        return list(rows.values_list("kind", "door"))

    def attention(self) -> set[str]:
        return set(Connection.objects.active().values_list("attention", flat=True))

    def assert_both_live(self, *told: str, attention: Attention = Attention.NONE) -> None:
        """Nobody was ended, and each company has heard exactly this beside `auth`."""
        for environment in (self.a, self.b):
            assert self.events(environment) == ["auth", *told]
            assert self.log(environment) == []
        assert Connection.objects.active().count() == 2
        assert self.attention() == {attention}

    def assert_both_ended(self, kind: End, door: Door, *before: str) -> None:
        """Each company once, in the log and by an event; nothing is left of the tokens.

        And nothing follows from the rounds after it.
        """
        event = "access_revoked" if kind == End.REVOKED else "deauth"
        for _ in range(2):
            for environment in (self.a, self.b):
                assert self.events(environment) == ["auth", *before, event]
                assert self.log(environment) == [(kind, door)]
            assert not Connection.objects.exclude(state=ConnectionState.ENDED).exists()
            grant = self.grant()
            assert grant.state == GrantState.ENDED
            assert (grant.access_token, grant.refresh_token, grant.rivals) == ("", "", "")
            assert grant.next_probe_at is None
            with clock.shifted(timedelta(days=2)):
                work()


def set_up(maker: type[WearableProvider], sandbox: Sandbox) -> Wearable:
    """A client that provider and portal know, since before anybody connected."""
    with clock.shifted(-FIRST - FIRST):
        added = clients.add(
            maker.resource,
            client_id=f"client-{secrets.token_hex(4)}",
            client_secret=secrets.token_hex(16),
            notice_secret=secrets.token_hex(16) if maker.notice_secret_name else "",
            simulated=True,
        )
        companies = cast.company("Alder"), cast.company("Birch")
    registration = {
        "client_id": added.client.client_id,
        "client_secret": added.client.client_secret,
        "redirect_uris": [added.redirect_url],
        "notice_url": added.notice_url,
        "notice_secret": added.client.notice_secret,
        "personality": maker.id,
    }
    sandbox.control("PUT", "clients", registration)
    return Wearable(maker, sandbox, added, *companies, since=last_call(sandbox))
