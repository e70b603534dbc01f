"""A connection that fails and was not revoked: says so, once a day, and recovers by itself."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from connections import attention, liveness, tokens
from connections.models import Connection, Grant, OAuthClient
from connections.states import Attention, GrantState
from connections.tokens import TokensUnavailableError
from terra_portal import clock
from tests import cast
from tests.herd import run_out
from tests.world import World

ANSWERS = ["403", "410", "429", "500", "503", "html", "garbage", "empty", "drop"]
SLOW, DEADLINE = "slow:3", 1.0
A_DAY = timedelta(days=1)


@pytest.fixture
def connected(world: World, settings: Settings) -> World:
    settings.PROVIDER_DEADLINE_SECONDS = DEADLINE
    world.connect(world.a)
    return world


def marks(world: World) -> set[str]:
    return set(Connection.objects.active().values_list("attention", flat=True))


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_refresh_that_fails(connected: World, answer: str) -> None:
    """Told at once, told again after a day, and over with the first answer that is right."""
    grant = connected.grant()
    run_out(grant)
    connected.dial(token_answer=answer)
    for hours in (0, 2, 22, 25, 30):
        with clock.shifted(timedelta(hours=hours)), pytest.raises(TokensUnavailableError):
            tokens.fresh(grant.pk)
    assert marks(connected) == {Attention.PROVIDER_FAILING}
    assert connected.events(connected.a) == ["auth", "connection_error", "connection_error"]

    connected.dial(token_answer="normal")
    # The patience that was asked for lies where the clock was moved to.
    OAuthClient.objects.update(busy_until=None)
    assert connected.is_alive(tokens.fresh(grant.pk))
    assert marks(connected) == {""}
    assert connected.grant().state == GrantState.ACTIVE


def test_a_refresh_that_takes_too_long(connected: World) -> None:
    grant = connected.grant()
    run_out(grant)
    connected.dial(token_answer=SLOW)

    with pytest.raises(TokensUnavailableError):
        tokens.fresh(grant.pk)

    assert marks(connected) == {Attention.PROVIDER_FAILING}
    assert connected.grant().state == GrantState.ACTIVE


@pytest.mark.parametrize("answer", [*ANSWERS, SLOW])
def test_a_probe_that_tells_nothing(connected: World, answer: str) -> None:
    """One such answer is nothing; several in a row are told, and one that is right ends it."""
    connected.dial(me_answer=answer)
    grant_id = connected.grant().pk
    for _ in range(liveness.UNSURE_LOOKS - 1):
        liveness.probe(grant_id)
    assert marks(connected) == {""}

    liveness.probe(grant_id)
    liveness.probe(grant_id)
    assert marks(connected) == {Attention.PROVIDER_FAILING}
    assert connected.events(connected.a) == ["auth", "connection_error"]

    connected.dial(me_answer="normal")
    liveness.probe(grant_id)
    assert marks(connected) == {""}
    grant = connected.grant()
    assert (grant.state, grant.unsure_looks) == (GrantState.ACTIVE, 0)
    assert connected.events(connected.a) == ["auth", "connection_error"]


@pytest.mark.parametrize(("doubted", "longest"), [(True, 60), (False, 120)])
def test_looks_that_tell_nothing_come_less_and_less_often(
    connected: World, doubted: bool, longest: int
) -> None:
    """Whoever is doubted does not wait as long as the others."""
    connected.dial(me_answer="500")
    Grant.objects.update(doubted=doubted)
    grant_id = connected.grant().pk
    minutes = []
    for _ in range(9):
        liveness.probe(grant_id)
        due = connected.grant().next_probe_at
        assert due is not None
        minutes.append(round((due - clock.now()) / timedelta(minutes=1)))

    assert minutes == [min(2**number, longest) for number in range(9)]


def test_a_provider_that_asks_for_patience_is_left_alone(connected: World) -> None:
    """The answer that says so is a failure; waiting for the time that it names is none."""
    first = connected.grant()
    other = cast.grant(connected.client)
    waiting = cast.connection(connected.b, on=other)
    run_out(first, other)
    connected.dial(token_answer={"answer": "429", "times": 1})
    with pytest.raises(TokensUnavailableError):
        tokens.fresh(first.pk)
    OAuthClient.objects.update(busy_until=clock.now() + timedelta(minutes=10))
    before = len(connected.calls("token"))

    for grant_id in (first.pk, other.pk):
        with pytest.raises(TokensUnavailableError) as caught:
            tokens.fresh(grant_id)
        assert caught.value.attention == Attention.PROVIDER_FAILING
    assert len(connected.calls("token")) == before
    waiting.refresh_from_db()
    assert waiting.attention == ""

    with clock.shifted(timedelta(minutes=11)):
        assert connected.is_alive(tokens.fresh(first.pk))


def test_a_probe_comes_again_when_the_wait_is_over(connected: World) -> None:
    grant = connected.grant()
    run_out(grant)
    until = clock.now() + timedelta(minutes=20)
    OAuthClient.objects.update(busy_until=until)
    type(grant).objects.update(next_probe_at=clock.now())

    liveness.probe(grant.pk)

    after = connected.grant()
    assert (after.next_probe_at, after.unsure_looks) == (until, 0)
    assert marks(connected) == {""}


def test_each_company_is_told_once_a_day_whatever_the_cause(connected: World) -> None:
    connected.connect(connected.b)
    grant = connected.grant()
    causes = [Attention.PROVIDER_FAILING, Attention.CLIENT_REJECTED, Attention.PROVIDER_FAILING]
    for hours, why in enumerate(causes):
        with clock.shifted(timedelta(hours=hours)):
            attention.raise_on(grant.pk, why, version=grant.version)
            assert marks(connected) == {why}
    with clock.shifted(A_DAY):
        attention.raise_on(grant.pk, Attention.PROVIDER_FAILING, version=grant.version)

    for environment in (connected.a, connected.b):
        assert connected.events(environment)[-2:] == ["connection_error"] * 2
        assert len(connected.events(environment)) == 3


def test_news_of_an_earlier_token_set_marks_nobody(connected: World) -> None:
    grant = connected.grant()

    attention.raise_on(grant.pk, Attention.PROVIDER_FAILING, version=grant.version - 1)

    assert marks(connected) == {""}
