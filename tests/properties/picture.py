"""Every row of one example, and the provider's books beside them, as they stand after a step."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connections import grants, token_sets
from connections.models import (
    ConnectAttempt,
    Connection,
    Grant,
    Notice,
    OAuthClient,
    Revocation,
    UpstreamRevoke,
)
from connections.states import RevokeOutcome
from developers.models import Environment, Event
from terra_portal import tenancy
from tests.properties.books import Consent


@dataclass(frozen=True)
class Picture:
    connections: dict[UUID, Connection]
    grants: dict[UUID, Grant]
    attempts: dict[UUID, ConnectAttempt]
    revocations: list[Revocation]
    notices: list[Notice]
    told: dict[UUID | None, list[Event]]
    given_up: set[UUID]
    consents: dict[tuple[str, str], list[Consent]]

    def active(self, grant: Grant | None = None) -> list[Connection]:
        rows = [one for one in self.connections.values() if one.is_active]
        return [one for one in rows if grant is None or one.grant_id == grant.pk]

    def pending(self, grant: Grant) -> list[ConnectAttempt]:
        rows = self.attempts.values()
        return [one for one in rows if one.grant_id == grant.pk and one.state in grants.PENDING]

    def books_of(self, grant: Grant) -> list[Consent]:
        """What the account has consented to this client, in order; the last one counts."""
        return self.consents.get((grant.oauth_client.client_id, grant.provider_user_id), [])

    def standing_on(self, consent: Consent) -> list[Grant]:
        key = (consent.client_id, consent.user_id)
        grants = self.grants.values()
        return [one for one in grants if (one.oauth_client.client_id, one.provider_user_id) == key]

    def alive(self) -> list[Consent]:
        return [one for rows in self.consents.values() for one in rows if not one.end]

    def events(self, connection: Connection, *types: str) -> list[Event]:
        return [one for one in self.told[connection.pk] if not types or one.type in types]

    def stored(self) -> set[str]:
        """The consents whose tokens stand in a row, or did when they ended."""
        return {
            consent_id
            for grant in self.grants.values()
            for consent_id in (
                grant.consent_id,
                *(one.consent_id for one in token_sets.rivals(grant)),
            )
        }

    def of_connection(self, connection: Connection) -> tuple[Any, ...]:
        """All that its company can see of it."""
        one = self.connections[connection.pk]
        events = tuple(event.pk for event in self.told[one.pk])
        return (
            *(one.state, one.end_kind, one.ended_at, one.attention, tuple(one.scopes)),
            *(one.sequence, one.paused_at, one.last_webhook_update, one.error_told_at, events),
        )


def take(
    environments: Sequence[Environment], clients: Sequence[OAuthClient], consents: list[Consent]
) -> Picture:
    with tenancy.system("looking at an example"):
        told: dict[UUID | None, list[Event]] = defaultdict(list)
        rows = Event.objects.filter(environment__in=environments)
        for event in rows.order_by("sequence", "occurred_at", "pk"):
            told[event.subject_id].append(event)
        books: dict[tuple[str, str], list[Consent]] = defaultdict(list)
        for consent in consents:
            books[consent.client_id, consent.user_id].append(consent)
        connections = Connection.objects.filter(environment__in=environments)
        found = Grant.objects.filter(oauth_client__in=clients).select_related("oauth_client")
        attempts = ConnectAttempt.objects.filter(environment__in=environments)
        gave_up = UpstreamRevoke.objects.filter(
            grant__oauth_client__in=clients, outcome=RevokeOutcome.GIVEN_UP
        )
        return Picture(
            connections={one.pk: one for one in connections.order_by("created_at", "pk")},
            grants={one.pk: one for one in found.order_by("created_at", "pk")},
            attempts={one.pk: one for one in attempts.order_by("created_at", "pk")},
            revocations=list(Revocation.objects.filter(environment__in=environments)),
            notices=list(Notice.objects.filter(oauth_client__in=clients)),
            told=told,
            given_up=set(gave_up.values_list("grant_id", flat=True)),
            consents=books,
        )


def said(event: Event) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(event.body)
    return body
