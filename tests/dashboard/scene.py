"""Two companies at the dashboard, and rows in the log as the verbs would write them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client

from connections.models import Connection, Revocation, RevocationDetail
from connections.states import ConnectionState, Door, End
from developers.models import Company, Environment, Membership, User
from developers.states import Role
from terra_portal import clock
from tests import cast


@dataclass
class Side:
    """A company's testing environment, its owner, and the owner's browser."""

    company: Company
    environment: Environment
    owner: User
    client: Client

    def url(self, path: str = "") -> str:
        return f"/c/{self.company.slug}/testing/{path}"

    def colleague(self, role: Role) -> Client:
        """Another member's browser."""
        person = cast.person()
        Membership.objects.create(company=self.company, user=person, role=role)
        return signed_in(person)


def side(name: str) -> Side:
    owner = cast.person()
    made = cast.company(name, owner=owner)
    return Side(made.company, made.environments["testing"], owner, signed_in(owner))


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def logged(
    environment: Environment,
    *,
    reference_id: str = "",
    kind: End = End.REVOKED,
    door: Door = Door.NOTICE,
    **extra: Any,
) -> tuple[Connection, Revocation]:
    """A connection that has ended, with its row and detail in the log."""
    at = extra.pop("recorded_at", clock.now())
    connection = cast.connection(
        environment,
        state=ConnectionState.ENDED,
        end_kind=kind,
        reference_id=reference_id,
        created_at=at - timedelta(minutes=1),
        ended_at=at,
    )
    revocation = Revocation.objects.create(
        environment=environment,
        user_id=connection.id,
        provider=connection.provider,
        kind=kind,
        door=door,
        connected_at=connection.created_at,
        occurred_at=extra.pop("occurred_at", at),
        recorded_at=at,
    )
    RevocationDetail.objects.create(
        revocation=revocation,
        environment=environment,
        recorded_at=at,
        reference_id=reference_id,
        **extra,
    )
    return connection, revocation
