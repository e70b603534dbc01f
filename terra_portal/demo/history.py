"""Tells the story by the portal's own verbs, each at its time; nothing goes over the network."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import singledispatchmethod
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from connections import attention, connect, disconnect, finish, grants, links, revocation, tokens
from connections.liveness import EVIDENCE as PROBED
from connections.models import (
    ConnectAttempt,
    ConnectSession,
    Grant,
    OAuthClient,
    UpstreamRevoke,
)
from connections.notices import EVIDENCE as NOTICED
from connections.providers.answers import TokenSet
from connections.revocation import Cause
from connections.states import AttemptState, Door, End, GrantState, RevokeOutcome
from terra_portal import clock, tenancy
from terra_portal.demo.people import Side
from terra_portal.demo.plan import Connects, Falters, Leaves, Step, TurnsAway, Withdraws

REFUSED = "The provider refuses the refresh token, twice, and the access token."
EVIDENCE = {Door.NOTICE: NOTICED, Door.LIVENESS: PROBED, Door.REFRESH: REFUSED}


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with clock.shifted(moment - timezone.now()):
        yield


class History:
    def __init__(
        self, sides: dict[str, Side], client: OAuthClient, consents: dict[str, TokenSet]
    ) -> None:
        self._sides = sides
        self._client = client
        self._consents = consents
        self._grants: dict[str, UUID] = {}
        self._connections: dict[tuple[str, str], UUID] = {}

    def write(self, steps: Sequence[Step]) -> None:
        """All or nothing: a demo that was broken off here begins anew."""
        with tenancy.system("the demo's history"), transaction.atomic():
            for step in steps:
                self.tell(step)

    @singledispatchmethod
    def tell(self, step: Step) -> None:
        raise TypeError(f"nobody tells of {step}")

    @tell.register
    def _(self, step: Connects) -> None:
        attempt = self._choose(step.at, step.company, step.reference_id)
        with at(step.at + timedelta(seconds=95)):
            grant = tokens.keep(self._client, self._tokens(step.account), self._scopes(attempt))
            ConnectAttempt.objects.filter(pk=attempt.pk).update(
                state=AttemptState.EXCHANGED,
                claimed_at=clock.now(),
                exchanged_at=clock.now(),
                grant=grant,
                scopes=grant.scopes,
            )
            attempt = finish.finish(attempt.pk)
        self._grants[step.account] = grant.pk
        self._connections[step.company, step.account] = attempt.user_id

    @tell.register
    def _(self, step: TurnsAway) -> None:
        if step.reason:
            attempt = self._choose(step.at, step.company, step.reference_id)
            with at(step.at + timedelta(seconds=70)):
                finish.fail(attempt.pk, step.reason)
            return
        session = self._link(step.at, step.company, step.reference_id)
        if step.opened:
            self._open(session, step.at)

    @tell.register
    def _(self, step: Leaves) -> None:
        side = self._sides[step.company]
        actor = side.owner.email if step.door == Door.DASHBOARD else ""
        user_id = self._connections[step.company, step.account]
        with at(step.at):
            disconnect.end(user_id, environment=side.environment, door=step.door, actor=actor)
            self._let_go(Grant.objects.get(pk=self._grants[step.account]))

    @tell.register
    def _(self, step: Withdraws) -> None:
        cause = Cause(End.REVOKED, step.door, EVIDENCE[step.door], occurred_at=step.at)
        grant = Grant.objects.get(pk=self._grants[step.account])
        with at(step.at + timedelta(seconds=2)):
            revocation.fan_out(grant.pk, cause, authorisation_number=grant.authorisation_number)

    @tell.register
    def _(self, step: Falters) -> None:
        grant = Grant.objects.get(pk=self._grants[step.account])
        with at(step.at):
            Grant.objects.filter(pk=grant.pk).update(state=GrantState.NEEDS_REAUTH)
            attention.raise_on(grant.pk, step.attention, version=grant.version)

    def _link(self, moment: datetime, company: str, reference_id: str) -> ConnectSession:
        with at(moment):
            environment = self._sides[company].environment
            return links.open_session(environment, reference_id=reference_id)[0]

    def _open(self, session: ConnectSession, moment: datetime) -> None:
        with at(moment + timedelta(seconds=31)):
            links.visit(session)

    def _choose(self, moment: datetime, company: str, reference_id: str) -> ConnectAttempt:
        session = self._link(moment, company, reference_id)
        self._open(session, moment)
        with at(moment + timedelta(seconds=48)):
            return connect.begin(session, self._client.provider).attempt

    def _scopes(self, attempt: ConnectAttempt) -> list[str]:
        scopes: list[str] = attempt.requested_scopes
        return scopes

    def _tokens(self, account: str) -> TokenSet:
        """Who has left by now needs none that live: theirs are erased when they leave."""
        past = TokenSet("past", "past", None, None, f"sbx_past_{account}")
        return self._consents.get(account, past)

    def _let_go(self, grant: Grant) -> None:
        """Where that was the last connection: as if the provider had been asked, and agreed."""
        if grant.state == GrantState.REVOKING:
            UpstreamRevoke.objects.create(
                grant=grant,
                authorisation_number=grant.authorisation_number,
                started_at=clock.now(),
                outcome=RevokeOutcome.CONFIRMED,
            )
            grants.end(grant)
