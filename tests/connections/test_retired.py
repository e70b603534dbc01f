"""410 Gone where a provider has announced its end: users move on, nobody has revoked anything."""

from datetime import timedelta

import pytest

from connections import brake, disconnect, liveness, tokens
from connections.models import Connection, Grant, HeldEnd, UpstreamRevoke
from connections.providers import REGISTRY
from connections.providers.sandbox import SandboxProvider
from connections.states import Attention, CancelReason, Door, End, GrantState, RevokeOutcome
from connections.tokens import TokensUnavailableError
from terra_portal import clock
from tests.herd import LONG_AGO, herd, run_out
from tests.world import World, work

LATER = timedelta(seconds=61)


class EndingProvider(SandboxProvider):
    is_retired_by_410 = True


@pytest.fixture
def ending(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Both companies are connected to a maker that has announced its end."""
    monkeypatch.setitem(REGISTRY, "SANDBOX", EndingProvider)
    world.connect(world.a)
    world.connect(world.b)
    tokens.settle(world.grant().pk)
    return world


def assert_retired(world: World) -> None:
    for environment in (world.a, world.b):
        assert world.events(environment)[-1] == "deauth"
        assert "access_revoked" not in world.events(environment)
        (row,) = environment.revocations.all()
        assert (row.kind, row.door) == (End.PROVIDER_RETIRED, Door.LIVENESS)
    grant = world.grant()
    assert (grant.state, grant.access_token, grant.refresh_token) == (GrantState.ENDED, "", "")
    work()
    assert world.calls("revoke") == []


def assert_nobody_was_ended(world: World) -> None:
    assert Connection.objects.active().count() == 2
    assert not {"deauth", "access_revoked"} & {*world.events(world.a), *world.events(world.b)}


def test_two_answers_apart_retire_it(ending: World) -> None:
    ending.dial(me_answer="410")
    grant_id = ending.grant().pk
    liveness.probe(grant_id)
    liveness.probe(grant_id)
    assert_nobody_was_ended(ending)
    assert ending.grant().state == GrantState.DOUBTFUL

    with clock.shifted(LATER):
        liveness.probe(grant_id)
        assert_retired(ending)


def test_one_answer_may_be_an_accident(ending: World) -> None:
    grant_id = ending.grant().pk
    for minutes in (0, 10, 20):
        with clock.shifted(timedelta(minutes=minutes)):
            ending.dial(me_answer={"answer": "410", "times": 1})
            liveness.probe(grant_id)
            liveness.probe(grant_id)

    assert_nobody_was_ended(ending)
    grant = ending.grant()
    assert (grant.state, grant.gone_since) == (GrantState.ACTIVE, None)


def test_a_refresh_casts_doubt_and_probes_decide(ending: World) -> None:
    """Their own refresh is answered the same, which counts."""
    ending.dial(token_answer="410")
    grant_id = ending.grant().pk
    run_out(ending.grant())
    for _ in range(3):
        with pytest.raises(TokensUnavailableError):
            tokens.fresh(grant_id)
    assert Connection.objects.get(environment=ending.a).attention == Attention.PROVIDER_FAILING
    assert_nobody_was_ended(ending)

    work()
    assert ending.grant().state == GrantState.DOUBTFUL
    assert_nobody_was_ended(ending)
    with clock.shifted(LATER):
        work()
    assert_retired(ending)


def test_refreshes_alone_retire_nothing(ending: World) -> None:
    ending.dial(token_answer="410")
    run_out(ending.grant())
    for minutes in (0, 5, 10):
        with clock.shifted(timedelta(minutes=minutes)), pytest.raises(TokensUnavailableError):
            tokens.fresh(ending.grant().pk)

    assert_nobody_was_ended(ending)


def test_a_refresh_that_succeeds_takes_it_back(ending: World) -> None:
    ending.dial(me_answer="410")
    grant_id = ending.grant().pk
    liveness.probe(grant_id)
    tokens.fresh(grant_id, force=True)
    with clock.shifted(LATER):
        liveness.probe(grant_id)

    assert_nobody_was_ended(ending)


def test_gone_and_dead_do_not_add_up(ending: World) -> None:
    """Neither was seen twice."""
    grant_id = ending.grant().pk
    ending.dial(me_answer="410")
    liveness.probe(grant_id)
    ending.dial(me_answer="invalid_token")
    with clock.shifted(LATER):
        liveness.probe(grant_id)
    ending.dial(me_answer="410")
    with clock.shifted(LATER * 2):
        liveness.probe(grant_id)
    assert_nobody_was_ended(ending)


def test_elsewhere_410_is_an_outage(world: World) -> None:
    world.connect(world.a)
    world.connect(world.b)
    world.dial(me_answer="410", token_answer="410")
    grant_id = world.grant().pk
    for minutes in range(0, 20, 2):
        with clock.shifted(timedelta(minutes=minutes)):
            liveness.probe(grant_id)
            with pytest.raises(TokensUnavailableError):
                tokens.fresh(grant_id, force=True)

    assert_nobody_was_ended(world)
    assert world.grant().state == GrantState.ACTIVE
    assert set(Connection.objects.values_list("attention", flat=True)) == {
        Attention.PROVIDER_FAILING
    }


def test_the_brake_holds_these_ends_too(ending: World) -> None:
    grants = herd(ending.client, count=20)
    Grant.objects.filter(pk__in=[one.pk for one in grants]).update(
        state=GrantState.DOUBTFUL, gone_since=clock.now() - LONG_AGO
    )
    ending.dial(me_answer="410")
    for grant in grants:
        liveness.probe(grant.pk)

    assert Grant.objects.filter(state=GrantState.ENDED).count() == brake.AT_ONCE
    assert set(HeldEnd.objects.values_list("kind", flat=True)) == {End.PROVIDER_RETIRED}
    assert HeldEnd.objects.count() == 20 - brake.AT_ONCE


def test_nobody_can_connect_to_what_is_no_more(ending: World) -> None:
    begun = ending.begin(ending.a, "another")
    said = ending.consent(begun)
    ending.dial(token_answer="410")

    landing = ending.complete(begun, said)

    assert landing.attempt is not None
    assert (landing.step, landing.attempt.reason) == ("failed", CancelReason.PROVIDER_RETIRED)


@pytest.mark.parametrize(
    ("maker", "outcome"),
    [(EndingProvider, RevokeOutcome.GIVEN_UP), (SandboxProvider, RevokeOutcome.REFUSED)],
)
def test_there_is_nothing_left_to_revoke(
    ending: World,
    monkeypatch: pytest.MonkeyPatch,
    maker: type[SandboxProvider],
    outcome: RevokeOutcome,
) -> None:
    """Done at the first answer; elsewhere 410 is an outage, and the revoke is tried again."""
    monkeypatch.setitem(REGISTRY, "SANDBOX", maker)
    ending.dial(revoke_answer="410")
    for environment in (ending.a, ending.b):
        mine = Connection.objects.get(environment=environment)
        disconnect.end(mine.pk, environment=environment, door=Door.API)
    work()

    assert UpstreamRevoke.objects.get().outcome == outcome
    is_over = outcome == RevokeOutcome.GIVEN_UP
    assert (ending.grant().state == GrantState.ENDED) == is_over
    with clock.shifted(timedelta(hours=1)):
        work()
    assert UpstreamRevoke.objects.count() == (1 if is_over else 2)
