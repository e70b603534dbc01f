"""Two companies complete the same account at once. The provider lets only one token set live."""

from itertools import permutations
from time import sleep

import pytest

from connections import sweeps, tokens
from connections.models import Connection, Grant
from connections.states import GrantState
from tests.threads import run_together
from tests.world import World

SLOW = {"answer": "slow:0.8", "times": 1}


def assert_both_are_served(world: World) -> None:
    """Both users live, on one grant, and its one token set is the one that the provider takes."""
    assert Connection.objects.active().count() == 2
    grant = world.grant()
    assert grant.state == GrantState.ACTIVE
    assert world.is_alive(tokens.fresh(grant.pk))
    assert not Grant.objects.get(pk=grant.pk).has_rivals
    assert world.events(world.a) == world.events(world.b) == ["auth"]


@pytest.mark.parametrize("first", ["a", "b"])
def test_one_after_the_other(world: World, first: str) -> None:
    pair = [world.a, world.b] if first == "a" else [world.b, world.a]
    for environment in pair:
        world.connect(environment)
    assert_both_are_served(world)


@pytest.mark.parametrize("round_", range(4))
def test_at_the_same_moment(world: World, round_: int) -> None:
    begun = [world.begin(world.a), world.begin(world.b)]
    said = [world.consent(one) for one in begun]

    landings = run_together(
        lambda: world.complete(begun[0], said[0]), lambda: world.complete(begun[1], said[1])
    )

    assert [landing.step for landing in landings] == ["connected", "connected"]
    assert_both_are_served(world)


@pytest.mark.parametrize("consents", list(permutations("ab")), ids="".join)
@pytest.mark.parametrize("exchanges", list(permutations("ab")), ids="".join)
def test_the_answer_to_the_first_exchange_arrives_last(
    world: World, consents: tuple[str, ...], exchanges: tuple[str, ...]
) -> None:
    begun = {"a": world.begin(world.a), "b": world.begin(world.b)}
    said = {name: world.consent(begun[name]) for name in consents}
    overtaken, overtaking = exchanges
    world.dial(token_answer=SLOW)

    def later() -> str:
        sleep(0.4)
        return world.complete(begun[overtaking], said[overtaking]).step

    landings = run_together(
        lambda: world.complete(begun[overtaken], said[overtaken]).step,
        later,
    )

    assert landings == ["connected", "connected"]
    assert world.grant().has_rivals
    assert_both_are_served(world)


def test_a_sweep_finds_the_living_set_without_being_asked(world: World) -> None:
    begun = [world.begin(world.a), world.begin(world.b)]
    said = [world.consent(one) for one in begun]
    world.dial(token_answer=SLOW)

    def later() -> None:
        sleep(0.4)
        world.complete(begun[1], said[1])

    run_together(lambda: world.complete(begun[0], said[0]), later)
    sweeps.grants_due()

    grant = world.grant()
    assert not grant.has_rivals
    assert world.is_alive(grant.access_token)


def test_nothing_is_thrown_away_while_the_provider_cannot_say(world: World) -> None:
    begun = [world.begin(world.a), world.begin(world.b)]
    said = [world.consent(one) for one in begun]
    world.dial(token_answer=SLOW, me_answer="500")

    def later() -> None:
        sleep(0.4)
        world.complete(begun[1], said[1])

    run_together(lambda: world.complete(begun[0], said[0]), later)
    sweeps.grants_due()
    assert world.grant().has_rivals

    world.dial(me_answer="normal")
    assert_both_are_served(world)


def test_three_answers_within_a_minute(world: World) -> None:
    begun = [world.begin(world.a, reference) for reference in ("x", "y", "z")]
    said = [world.consent(one) for one in begun]

    steps = run_together(
        *(
            lambda one=one, told=told: world.complete(one, told).step
            for one, told in zip(begun, said, strict=True)
        )
    )

    assert steps == ["connected"] * 3
    assert Connection.objects.active().count() == 3
    assert world.is_alive(tokens.fresh(world.grant().pk))


def test_sets_that_ran_out_before_anybody_could_ask_end_nobody(world: World) -> None:
    """The kept set may be the dead one; that its refresh is refused proves nothing then."""
    world.dial(access_token_seconds=1)
    begun = [world.begin(world.a), world.begin(world.b)]
    said = [world.consent(one) for one in begun]
    world.dial(token_answer=SLOW)

    def later() -> str:
        sleep(0.4)
        return world.complete(begun[1], said[1]).step

    assert run_together(lambda: world.complete(begun[0], said[0]).step, later) == ["connected"] * 2
    sleep(1.2)
    grant_id = world.grant().pk
    with pytest.raises(tokens.TokensUnavailableError):
        tokens.fresh(grant_id)

    assert world.grant().state == GrantState.NEEDS_REAUTH
    assert Connection.objects.active().count() == 2
    assert "access_revoked" not in world.events(world.a) + world.events(world.b)
