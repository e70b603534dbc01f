"""Who plays: companies, people with wearable accounts, a provider, and the portal's workers."""

import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.test import Client

from connections import (
    clients,
    connect,
    disconnect,
    finish,
    incidents,
    links,
    liveness,
    notices,
    sources,
    tokens,
    upstream,
)
from connections.clients import AddedClient
from connections.connect import Begun, Landing
from connections.models import Connection, Grant, Incident, Notice, OAuthClient
from connections.states import Door, GrantState, IncidentState, NoticeState
from developers.companies import CreatedCompany
from developers.models import Environment
from terra_portal import clock, tenancy
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.api.caller import caller
from tests.properties import books
from tests.properties.books import Consent, Letter
from tests.properties.hands import Hands
from tests.sandbox.company import NoticeServer, query
from tests.sandbox.process import Sandbox
from tests.world import work

COMPANIES = 3
PEOPLE = 2
JSON = "application/json"
SCOPES = ("activity", "heartrate", "profile", "sleep")


T = TypeVar("T")


@dataclass
class Flow:
    """One click of a person on a wearable, as far as it has come."""

    begun: Begun
    said: dict[str, str] | None = None
    confirm_token: str = ""
    called_back: bool = False

    @property
    def cookies(self) -> dict[str, str]:
        return {self.begun.cookie_name: self.begun.cookie_value}


@dataclass
class Stage:
    """Three companies' testing environments. Two share the platform's client, the third has its
    own, which the second can take to as well."""

    sandbox: Sandbox
    inbound: NoticeServer
    hands: Hands
    companies: list[CreatedCompany] = field(default_factory=list)
    clients: list[OAuthClient] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    # Whether the provider sends notices at all.
    tells: bool = True
    mistyped: set[int] = field(default_factory=set)
    # Who has acted last.
    person: int = 0
    has_news: bool = True
    _books: list[Consent] = field(default_factory=list)
    asked: set[UUID] = field(default_factory=set)

    def __post_init__(self) -> None:
        mark = secrets.token_hex(4)
        self.companies = [cast.company(name) for name in ("Alder", "Birch", "Cedar")]
        self.staff = cast.person(is_staff=True)
        self.people = [f"person {number} {mark}" for number in range(PEOPLE)]
        ids = [f"shared-{mark}", f"own-{mark}"]
        self.secrets = [self._register(client_id) for client_id in ids]
        shared = clients.add(
            "SANDBOX", client_id=ids[0], client_secret=self.secrets[0], simulated=True
        )
        own = self._bring(self.environments[2], ids[1])
        self.clients = [shared.client, own.client]

    def _register(self, client_id: str) -> str:
        """A new client of the provider's; its secret."""
        secret = secrets.token_hex(16)
        client = {
            "client_id": client_id,
            "client_secret": secret,
            "redirect_uris": [clients.redirect_url("SANDBOX")],
            "notice_url": self.inbound.url,
        }
        self.sandbox.control("PUT", "clients", client)
        return secret

    def _bring(self, environment: Environment, client_id: str) -> AddedClient:
        """Cedar's own application, for Cedar or for whom it has told the secret."""
        return sources.bring(
            environment, "SANDBOX", client_id=client_id, client_secret=self.secrets[1]
        )

    @property
    def environments(self) -> list[Environment]:
        return [one.environments["testing"] for one in self.companies]

    # What there is to choose from

    def active(self) -> list[Connection]:
        mine = Connection.objects.active().filter(environment__in=self.environments)
        return list(mine.select_related("environment").order_by("created_at", "pk"))

    def grants(self) -> list[Grant]:
        mine = Grant.objects.filter(oauth_client__in=self.clients)
        return list(mine.order_by("created_at", "pk"))

    def on_the_way(self) -> list[Flow]:
        return [one for one in self.flows if one.said and not one.called_back]

    def called_back(self) -> list[Flow]:
        return [one for one in self.flows[::-1] if one.called_back]

    def asked_to_confirm(self) -> list[Flow]:
        return [one for one in self.flows if one.confirm_token]

    def books(self) -> list[Consent]:
        """The provider's, read again where it may have written into them."""
        if self.has_news:
            self.has_news = False
            self._books = books.read(self.sandbox, [one.client_id for one in self.clients])
        return self._books

    # A person connects

    def begin(self, company: int, reference_id: str) -> Flow:
        session, _ = links.open_session(self.environments[company], reference_id=reference_id)
        flow = Flow(connect.begin(session, "SANDBOX"))
        self.flows.append(flow)
        return flow

    def consent(self, flow: Flow, person: int, scopes: Sequence[str], *, allow: bool) -> None:
        asked = {
            "authorize_url": flow.begun.authorize_url,
            "account": self.people[person],
            "decision": "allow" if allow else "deny",
            "scopes": list(scopes),
        }
        self.has_news, self.person = True, person
        flow.said = query(self.sandbox.control("POST", "authorize", asked)["redirect"])

    def callback(self, flow: Flow, *, cookie: bool) -> Landing:
        said = flow.said or {}
        flow.called_back = True
        landing = connect.complete(
            "sandbox",
            state=said.get("state", ""),
            code=said.get("code", ""),
            error=said.get("error", ""),
            cookies=flow.cookies if cookie else {},
        )
        flow.confirm_token = landing.confirm_token or flow.confirm_token
        return landing

    def answer(self, flow: Flow, *, yes: bool) -> Landing:
        says = connect.confirm if yes else connect.decline
        return says(flow.begun.attempt.pk, token=flow.confirm_token)

    def finishing(self, flow: Flow) -> Landing:
        return connect.resume(flow.begun.attempt.pk, cookies=flow.cookies)

    # A company lets go, a person revokes

    def ask_to_disconnect(self, connection: Connection, door: Door) -> None:
        self.asked.add(connection.pk)
        if door == Door.API:
            self.deauthenticate(connection, self.environments.index(connection.environment))
            return
        with suppress(Connection.DoesNotExist):
            disconnect.end(connection.pk, environment=connection.environment, door=door)

    def deauthenticate(self, connection: Connection, company: int) -> int:
        api = caller(self.companies[company])
        return api.delete("/auth/deauthenticateUser", user_id=str(connection.pk)).status

    def press_revoke(self, consent: Consent) -> int:
        self.has_news, self.person = True, self.people.index(consent.account)
        asked = {"account": consent.account, "client_id": consent.client_id}
        return int(self.sandbox.control("POST", "revoke", asked)["revoked"])

    # The provider tells

    def collect(self, consents: Sequence[Consent]) -> None:
        """Puts what the provider has announced since the last time onto the pile of letters."""
        known = {letter.consent.consent_id for letter in self.letters}
        told = [one for one in consents if one.end in (books.BY_PERSON, books.BY_CLIENT)]
        new = [one for one in told if self.tells and one.consent_id not in known]
        new.sort(key=lambda one: one.ended_at or "")
        self.letters += [Letter(one, clock.now()) for one in new]

    def post(self, body: bytes, *, secret: str, client: int) -> int:
        hook = clients.notice_url(self.clients[client]).removeprefix("http://testserver")
        headers = {"Sandbox-Signature": books.signature(body, secret, clock.now())}
        return Client().post(hook, body, content_type=JSON, headers=headers).status_code

    def deliver(self, letter: Letter, copies: int = 1) -> list[int]:
        names = [one.client_id for one in self.clients]
        client = names.index(letter.consent.client_id)
        body, secret = letter.body(self.inbound), self.secrets[client]
        return [self.post(body, secret=secret, client=client) for _ in range(copies)]

    def forge(self, grant: Grant, trick: str) -> int:
        said = {
            "id": "ntc_made_up",
            "type": "access_revoked",
            "user_id": grant.provider_user_id,
            "consent_id": grant.consent_id,
            "occurred_at": (clock.now() + timedelta(minutes=2)).isoformat(),
        }
        client = [one.pk for one in self.clients].index(grant.oauth_client_id)
        secret = "guessed" if trick == "secret" else self.secrets[1 - client]
        return self.post(json.dumps(said).encode(), secret=secret, client=client)

    def decide(self) -> None:
        mine = Notice.objects.filter(oauth_client__in=self.clients, state=NoticeState.RECEIVED)
        for pk in list(mine.order_by("received_at").values_list("pk", flat=True)):
            notices.decide(pk)

    def dial(self, **changes: Any) -> None:
        self.sandbox.control("PATCH", "dials", changes)

    # Workers

    def refresh(self, grant: Grant) -> str:
        with suppress(tokens.TokensUnavailableError):
            return tokens.fresh(grant.pk, force=True)
        return ""

    def task(self, name: str, grant: Grant) -> None:
        run: dict[str, Callable[[UUID], object]] = {
            "probe": liveness.probe,
            "revoke": upstream.revoke,
            "resume": finish.resume_all,
        }
        run[name](grant.pk)

    def sweep(self) -> None:
        work()

    # The operator

    def mistype_secret(self, client: int) -> None:
        """A slip: the secret that the portal keeps is not the one that the provider knows."""
        self.mistyped.add(client)
        self._set_secret(client, "mistyped")

    def right_secrets(self) -> None:
        for client in self.mistyped:
            self._set_secret(client, self.secrets[client])
        self.mistyped.clear()

    def _set_secret(self, client: int, secret: str) -> None:
        one = self.clients[client]
        sealed = OAuthClient._meta.get_field("client_secret").sealed_for(one.pk, secret)
        OAuthClient.objects.filter(pk=one.pk).update(client_secret=sealed)

    def change_application(self, *, own: bool) -> None:
        """Birch takes to Cedar's application, or goes back to the platform's."""
        birch = self.environments[1]
        # It may have it already, or the portal's copy of the secret may be the wrong one.
        with suppress(InvalidInputError):
            if own:
                self._bring(birch, self.clients[1].client_id)
            else:
                sources.close(birch, "SANDBOX")
                sources.switch(birch, "SANDBOX", on=True)

    def staff_decides(self, *, right: bool) -> None:
        """Somebody looks at the ends that the incident brake holds."""
        decide = incidents.release if right else incidents.discard
        mine = Incident.objects.filter(oauth_client__in=self.clients, state=IncidentState.OPEN)
        for pk in list(mine.values_list("pk", flat=True)):
            decide(pk, by=self.staff)

    def each_company_sees_its_own(self) -> None:
        for company in self.companies:
            mine = [one for one in self.active() if one.environment.company == company.company]
            users = caller(company).get("/subscriptions").body["users"]
            assert [user["user_id"] for user in users] == [str(one.pk) for one in mine]

    # The end

    def leave_nothing(self) -> None:
        """Later examples share the tables: nothing of this one falls due any more."""
        with tenancy.system("an example is over"):
            rows = Grant.objects.filter(oauth_client__in=self.clients)
            rows.update(state=GrantState.ENDED, next_probe_at=None, revoke_due_at=None)
            for client in self.clients:
                Notice.objects.filter(oauth_client=client).update(state=NoticeState.IGNORED)
                now = clock.now()
                OAuthClient.objects.filter(pk=client.pk).update(closed_at=now)
                client.connectattempt_set.update(finished_at=now)


def one_of(rows: Sequence[T], pick: int) -> T:
    return rows[pick % len(rows)]
