"""The last user leaves while a refresh is on its way: the provider must forget the new tokens."""

import threading
from contextlib import suppress

from django.db import connections

from connections import disconnect, tokens, upstream
from connections.models import Grant
from connections.states import Door, GrantState, RevokeOutcome
from terra_portal import tenancy
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
