"""What a refresh of unknown outcome has done to the tokens is nobody's will."""

from datetime import timedelta

import pytest

from connections import liveness, tokens
from connections.models import Connection, Grant
from connections.states import Attention, GrantState
from connections.tokens import TokensUnavailableError
from terra_portal import clock, crypto
from tests.world import World, work

LONGER_THAN_SPACING = timedelta(seconds=61)


@pytest.fixture
def connected(world: World) -> World:
    world.connect(world.a)
    return world


def lose_a_refresh(world: World, answer: str) -> None:
    """Forced while the access token is good for an hour more."""
    world.dial(token_answer={"answer": answer, "times": 1})
    with pytest.raises(TokensUnavailableError):
        tokens.fresh(world.grant().pk, force=True)


def look_twice(world: World) -> None:
    """As long apart as two dead probes have to be."""
    grant_id = world.grant().pk
    liveness.probe(grant_id)
    with clock.shifted(LONGER_THAN_SPACING):
        liveness.probe(grant_id)
        work()
    with clock.shifted(2 * LONGER_THAN_SPACING):
        liveness.probe(grant_id)
        work()


def test_an_access_token_that_died_of_a_lost_refresh_is_no_revocation(connected: World) -> None:
    """The provider has rotated the pair and the answer was lost: nobody revoked anything."""
    lose_a_refresh(connected, "drop_after")

    look_twice(connected)

    assert connected.events(connected.a) == ["auth", "connection_error"]
    assert connected.grant().state == GrantState.NEEDS_REAUTH
    (connection,) = Connection.objects.active()
    assert connection.attention == Attention.NEEDS_REAUTH


def test_a_refresh_that_never_arrived_is_made_good(connected: World) -> None:
    lose_a_refresh(connected, "drop")

    look_twice(connected)

    grant = connected.grant()
    assert grant.state == GrantState.ACTIVE
    assert connected.is_alive(tokens.fresh(grant.pk))


def test_a_revocation_after_a_lost_refresh_is_seen_as_soon_as_it_can_be(connected: World) -> None:
    """Nothing is proven without a notice, but nobody goes on as if all were well."""
    lose_a_refresh(connected, "drop_after")
    connected.press_revoke()

    look_twice(connected)

    assert connected.grant().state == GrantState.NEEDS_REAUTH
    assert "access_revoked" not in connected.events(connected.a)


def test_a_dead_set_says_nothing_while_another_may_live(connected: World) -> None:
    """The current set is refused; the one beside it has not been seen yet."""
    grant = connected.grant()
    connected.connect(connected.b)
    late = connected.grant()
    assert late.has_rivals
    connected.dial(me_answer={"answer": "500", "times": 1})  # so nothing is settled
    Grant.objects.filter(pk=grant.pk).update(doubtful_since=clock.now() - LONGER_THAN_SPACING)

    connected.dial(me_answer="invalid_token")
    seen = Grant.objects.select_related("oauth_client").get(pk=grant.pk)
    liveness._conclude(seen, liveness.look(seen), clock.now())

    assert connected.grant().state != GrantState.ENDED
    assert Connection.objects.active().count() == 2


def test_the_second_use_of_a_token_by_ourselves_is_remembered(connected: World) -> None:
    """Another worker's answer came first; ours was refused, and may have ended the chain."""
    before = connected.grant()
    tokens.fresh(before.pk, force=True)
    stale = Grant.objects.select_related("oauth_client").get(pk=before.pk)
    stale.access_token, stale.refresh_token = before.access_token, before.refresh_token
    stale.version = before.version
    stale.refresh_sent_fingerprint = crypto.sha256(before.refresh_token)

    tokens._refresh(stale)
    with clock.shifted(timedelta(hours=2)), pytest.raises(TokensUnavailableError):
        tokens.fresh(before.pk)

    assert "access_revoked" not in connected.events(connected.a)
    assert connected.grant().state == GrantState.NEEDS_REAUTH
