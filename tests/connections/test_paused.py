"""A paused user: the grant is looked after as always, and only the end is told."""

import pytest
from django.db import transaction

from connections import attention, disconnect, modify, scopes
from connections.models import Connection, Grant, Revocation
from connections.revocation import Cause, fan_out
from connections.states import Attention, Door, End, GrantState
from developers.models import Event
from tests import cast
from tests.connections.offering import Company
from tests.world import World, work


@pytest.fixture
def grant(a: Company, b: Company) -> Grant:
    """Of one account which both companies read; the first has paused its user."""
    made = cast.grant()
    for company, reference in ((a, "paused"), (b, "running")):
        cast.connection(company.testing, on=made, reference_id=reference)
    pause(Connection.objects.get(reference_id="paused"))
    return made


def pause(connection: Connection, *, active: bool = False) -> None:
    modify.modify(connection.pk, environment=connection.environment, active=active)


def both() -> tuple[Connection, Connection]:
    rows = {row.reference_id: row for row in Connection.objects.all()}
    return rows["paused"], rows["running"]


def told() -> list[tuple[str, str, int | None]]:
    rows = Event.objects.order_by("occurred_at", "sequence")
    return list(rows.values_list("reference_id", "type", "sequence"))


def test_what_fails_is_marked_and_told_to_the_others_alone(grant: Grant) -> None:
    attention.raise_on(grant.pk, Attention.PROVIDER_FAILING, version=grant.version)

    paused, running = both()
    assert paused.attention == running.attention == Attention.PROVIDER_FAILING
    assert (paused.sequence, paused.error_told_at, paused.last_webhook_update) == (0, None, None)
    assert told() == [("running", "connection_error", 1)]


def test_resumed_while_it_still_fails_it_is_told(grant: Grant) -> None:
    for _ in range(2):
        attention.raise_on(grant.pk, Attention.PROVIDER_FAILING, version=grant.version)
    pause(both()[0], active=True)
    attention.raise_on(grant.pk, Attention.PROVIDER_FAILING, version=grant.version)

    assert told() == [("running", "connection_error", 1), ("paused", "connection_error", 1)]


def test_scopes_shrink_and_only_the_others_hear_it(grant: Grant) -> None:
    grant.scopes = ["sleep"]
    with transaction.atomic():
        assert scopes.follow(grant) == 2

    assert [one.scopes for one in both()] == [["sleep"], ["sleep"]]
    assert both()[0].sequence == 0
    assert told() == [("running", "permission_change", 1)]


def test_a_revocation_at_the_provider_is_told_to_both(grant: Grant) -> None:
    cause = Cause(End.REVOKED, Door.NOTICE, "a notice")
    assert fan_out(grant.pk, cause, authorisation_number=1) == 2

    assert sorted(told()) == [("paused", "access_revoked", 1), ("running", "access_revoked", 1)]
    assert Revocation.objects.count() == 2


def test_disconnecting_is_told(grant: Grant) -> None:
    paused, _ = both()
    disconnect.end(paused.pk, environment=paused.environment, door=Door.API)

    assert told() == [("paused", "deauth", 1)]


def test_the_grant_is_refreshed_and_kept(world: World) -> None:
    user = world.connect(world.a)
    pause(user)
    Grant.objects.update(access_expires_at=user.created_at, next_probe_at=user.created_at)
    before = world.grant().version

    work()

    grant = world.grant()
    assert grant.state == GrantState.ACTIVE
    assert grant.version > before
    assert world.is_alive(grant.access_token)
    assert Connection.objects.get(pk=user.pk).is_paused


def test_connected_again_under_its_reference_it_is_replaced_and_told(world: World) -> None:
    user = world.connect(world.a, "r")
    pause(user)
    again = world.connect(world.a, "r")

    assert not again.is_paused
    assert world.events(world.a) == ["auth", "auth", "user_reauth"]
