"""A lease that runs out while the provider's answer is on its way: the answer still counts."""

from collections.abc import Callable

import pytest

from connections import tokens
from connections.models import Connection, Grant
from connections.tokens import TokensUnavailableError
from terra_portal import clock
from tests.sandbox.company import wait_until
from tests.threads import run_together
from tests.world import World, work

EARLIER_CALLS = 1  # the exchange


@pytest.fixture
def expired(world: World) -> World:
    world.dial(access_token_seconds=30)
    world.connect(world.a)
    world.dial(access_token_seconds=3600)
    return world


def let_the_lease_run_out(world: World) -> None:
    """The first call has reached the provider, which takes its time with the answer."""
    wait_until(lambda: len(world.calls("token")) > EARLIER_CALLS)
    Grant.objects.filter(pk=world.grant().pk).update(leased_until=clock.now())


def served(grant_id: object) -> Callable[[], str]:
    def call() -> str:
        try:
            return tokens.fresh(grant_id)  # type: ignore[arg-type]
        except TokensUnavailableError:
            return ""

    return call


def test_the_late_answer_is_kept_and_serves_everybody(expired: World) -> None:
    """The provider answers twice; what arrives last, late or not, is beside the other until seen.

    Here the second use of the refresh token is forgiven, as some providers do within minutes.
    """
    expired.dial(refresh_reuse_kills=False, refresh_rotates=False)
    expired.dial(token_answer={"answer": "slow:1", "times": 1})
    grant = expired.grant()

    def second() -> str:
        let_the_lease_run_out(expired)
        return served(grant.pk)()

    answers = run_together(served(grant.pk), second)

    assert all(answers)
    assert expired.is_alive(tokens.fresh(grant.pk))
    assert Connection.objects.active().count() == 1


def test_a_chain_that_died_of_it_is_no_revocation(expired: World) -> None:
    """The harshest provider ends the consent at the second use: the person comes once more."""
    expired.dial(token_answer={"answer": "slow:1", "times": 1})
    grant = expired.grant()

    def second() -> str:
        let_the_lease_run_out(expired)
        return served(grant.pk)()

    run_together(served(grant.pk), second)
    for _ in range(2):
        work()

    assert Connection.objects.active().count() == 1
    assert "access_revoked" not in expired.events(expired.a)
