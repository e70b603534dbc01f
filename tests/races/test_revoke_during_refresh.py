"""The last user leaves while a refresh is on its way: the provider must forget the new tokens."""

import threading
from contextlib import suppress

from django.db import connections

from connections import disconnect, token_sets, tokens, upstream
from connections.models import Connection, Grant
from connections.states import Door, GrantState, RevokeOutcome
from terra_portal import clock, tenancy
from tests.sandbox.company import wait_until
from tests.world import World, work


def test_the_revoke_waits_for_the_refresh(world: World) -> None:
    connection = world.connect(world.a)
    world.dial(token_answer={"answer": "slow:1", "times": 1})
    refresh = threading.Thread(target=try_refresh, args=(world.grant(),))
    refresh.start()
    wait_until(lambda: world.grant().leased_until is not None)

    disconnect.end(connection.pk, environment=world.a, door=Door.API)
    with tenancy.system("a worker"):
        assert upstream.revoke(world.grant().pk) is None
    assert world.calls("revoke") == []

    refresh.join()
    renewed = world.grant().access_token
    with tenancy.system("a worker"):
        assert upstream.revoke(world.grant().pk) == RevokeOutcome.CONFIRMED
    assert not world.is_alive(renewed)
    assert world.grant().state == GrantState.ENDED
    work()
    assert len(world.calls("revoke")) == 1


def try_refresh(grant: Grant) -> None:
    """It may be let go meanwhile; what counts is what the provider still knows."""
    with suppress(tokens.TokensUnavailableError):
        tokens.fresh(grant.pk, force=True)
    connections.close_all()


def test_the_time_of_a_revoke_covers_every_set_that_it_may_have_to_name(world: World) -> None:
    """Where nobody could tell which set lives, each is named in a call of its own."""
    for environment in (world.a, world.b):
        world.connect(environment)
    world.dial(me_answer="500", revoke_answer={"answer": "slow:1", "times": 3})
    for connection in Connection.objects.active():
        disconnect.end(connection.pk, environment=connection.environment, door=Door.API)
    grant = world.grant()
    assert len(token_sets.every_set(grant)) == 2
    revoking = threading.Thread(target=try_revoke, args=(grant,))
    revoking.start()
    wait_until(lambda: world.grant().revoking_until is not None)

    lasts = world.grant().revoking_until
    assert lasts is not None
    assert lasts - clock.now() > upstream.MARGIN + 1.5 * upstream.deadline()
    revoking.join()


def try_revoke(grant: Grant) -> None:
    with tenancy.system("a worker"):
        upstream.revoke(grant.pk)
    connections.close_all()
