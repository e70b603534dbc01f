"""Refresh: many callers, one rotating token, and answers that get lost."""

from datetime import timedelta
from uuid import uuid4

import pytest

from connections import clients, liveness, tokens
from connections.models import Connection, Grant, OAuthClient
from connections.states import Attention, Door, GrantState
from connections.tokens import TokensUnavailableError
from terra_portal import clock, crypto
from tests.threads import run_together
from tests.world import World, work

CALLERS = 8
# The sandbox asks for a second of patience where it answers 429.
LONGER_THAN_ASKED = timedelta(seconds=2)


@pytest.fixture
def expired(world: World) -> World:
    """Both companies are connected; the access token has run out, the refresh token is good."""
    world.dial(access_token_seconds=30)
    world.connect(world.a)
    world.connect(world.b)
    tokens.settle(world.grant().pk)
    world.dial(access_token_seconds=3600)
    return world


def refreshes(world: World) -> int:
    return sum(call["grant_type"] == "refresh_token" for call in world.calls("token"))


def attention(world: World) -> set[str]:
    return set(Connection.objects.active().values_list("attention", flat=True))


def assert_nobody_was_ended(world: World) -> None:
    assert Connection.objects.active().count() == 2
    assert "access_revoked" not in world.events(world.a) + world.events(world.b)


def test_many_callers_make_one_call_and_are_all_served(expired: World) -> None:
    grant_id = expired.grant().pk

    served = run_together(*[lambda: tokens.fresh(grant_id)] * CALLERS)

    assert len(set(served)) == 1
    assert expired.is_alive(served[0])
    assert refreshes(expired) == 1


def test_tokens_that_live_too_short_are_not_asked_for_again(expired: World) -> None:
    """Less than the minute that a caller would like to have: all take what one call brought."""
    expired.dial(access_token_seconds=30)
    grant_id = expired.grant().pk

    served = run_together(*[lambda: tokens.fresh(grant_id)] * CALLERS)

    assert len(set(served)) == 1
    assert expired.is_alive(served[0])
    assert refreshes(expired) == 1


def test_callers_wait_for_a_slow_answer(expired: World) -> None:
    expired.dial(token_answer={"answer": "slow:1", "times": 1})
    grant_id = expired.grant().pk

    served = run_together(*[lambda: tokens.fresh(grant_id)] * CALLERS)

    assert len(set(served)) == 1
    assert refreshes(expired) == 1


def test_a_token_s_life_is_counted_on_the_portal_s_clock(expired: World) -> None:
    """The clock that says when it was given says when it ends."""
    grant_id = expired.grant().pk

    with clock.shifted(timedelta(hours=5)):
        tokens.fresh(grant_id)
        tokens.fresh(grant_id)

    assert refreshes(expired) == 1


def test_a_lost_answer_is_never_a_revocation(expired: World) -> None:
    """The provider has rotated, we never saw the new pair: the person has to come once more."""
    expired.dial(token_answer={"answer": "drop_after", "times": 1})
    grant_id = expired.grant().pk

    for _ in range(2):
        with pytest.raises(TokensUnavailableError):
            tokens.fresh(grant_id)
    with clock.shifted(timedelta(hours=2)):
        liveness.probe(grant_id)
        work()

    assert expired.grant().state == GrantState.NEEDS_REAUTH
    assert attention(expired) == {Attention.NEEDS_REAUTH}
    assert expired.events(expired.a) == ["auth", "connection_error"]
    assert_nobody_was_ended(expired)

    expired.connect(expired.a, "back")
    assert expired.grant().state == GrantState.ACTIVE
    assert attention(expired) == {""}
    assert expired.is_alive(tokens.fresh(grant_id))


def test_a_worker_killed_in_the_middle_of_its_call(expired: World) -> None:
    """Its mark is in the row, so what the next refresh hears is no evidence."""
    grant = expired.grant()
    Grant.objects.update(
        lease=uuid4(),
        leased_until=clock.now() + timedelta(seconds=40),
        refresh_sent_at=clock.now(),
        refresh_sent_fingerprint=crypto.sha256(grant.refresh_token),
    )
    expired.refresh(grant.refresh_token)  # the answer that the dead worker never stored

    with clock.shifted(timedelta(minutes=5)), pytest.raises(TokensUnavailableError):
        tokens.fresh(grant.pk)

    assert_nobody_was_ended(expired)
    assert expired.grant().state == GrantState.NEEDS_REAUTH


@pytest.mark.parametrize("answer", ["500", "html", "garbage", "429", "redirect", "drop", "huge"])
def test_a_failing_provider_ends_nobody(expired: World, answer: str) -> None:
    expired.dial(token_answer={"answer": answer, "times": 1})
    grant_id = expired.grant().pk

    with pytest.raises(TokensUnavailableError) as caught:
        tokens.fresh(grant_id)

    assert caught.value.attention == Attention.PROVIDER_FAILING
    assert attention(expired) == {Attention.PROVIDER_FAILING}
    with clock.shifted(LONGER_THAN_ASKED):
        assert expired.is_alive(tokens.fresh(grant_id))
    assert attention(expired) == {""}
    assert_nobody_was_ended(expired)


def test_a_wrong_client_secret_ends_nobody(expired: World) -> None:
    field = OAuthClient._meta.get_field("client_secret")
    client = expired.client
    OAuthClient.objects.update(client_secret=field.sealed_for(client.pk, "wrong"))
    grant_id = expired.grant().pk

    for _ in range(3):
        with pytest.raises(TokensUnavailableError) as caught:
            tokens.fresh(grant_id)
        assert caught.value.attention == Attention.CLIENT_REJECTED
    assert_nobody_was_ended(expired)
    assert expired.grant().state == GrantState.ACTIVE

    OAuthClient.objects.update(client_secret=field.sealed_for(client.pk, client.client_secret))
    with clock.shifted(clients.REJECTED_PAUSE):
        assert expired.is_alive(tokens.fresh(grant_id))


def test_refused_twice_and_the_access_token_dead_is_evidence(expired: World) -> None:
    expired.press_revoke()

    with pytest.raises(TokensUnavailableError):
        tokens.fresh(expired.grant().pk, force=True)

    assert not Connection.objects.active().exists()
    assert expired.events(expired.a) == expired.events(expired.b) == ["auth", "access_revoked"]
    doors = Connection.objects.values_list("environment__revocations__door", flat=True)
    assert set(doors) == {Door.REFRESH}


def test_refused_while_the_access_token_lives_is_no_evidence(expired: World) -> None:
    grant_id = expired.grant().pk
    expired.dial(token_answer="invalid_grant")

    with pytest.raises(TokensUnavailableError):
        tokens.fresh(grant_id)

    assert_nobody_was_ended(expired)
    assert expired.grant().state == GrantState.NEEDS_REAUTH


def test_refused_once_is_a_hiccup(expired: World) -> None:
    expired.dial(token_answer={"answer": "invalid_grant", "times": 1})

    assert expired.is_alive(tokens.fresh(expired.grant().pk))
    assert expired.grant().state == GrantState.ACTIVE
    assert_nobody_was_ended(expired)


def test_refused_and_nothing_to_be_learnt_of_the_access_token(expired: World) -> None:
    expired.dial(token_answer="invalid_grant", me_answer="500")
    grant_id = expired.grant().pk

    with pytest.raises(TokensUnavailableError):
        tokens.fresh(grant_id)
    assert expired.grant().state == GrantState.ACTIVE

    expired.dial(token_answer="normal", me_answer="normal")
    assert expired.is_alive(tokens.fresh(grant_id))
    assert_nobody_was_ended(expired)


def test_a_refresh_in_flight_while_a_new_consent_comes(expired: World) -> None:
    """Two sets again, and again the living one is kept."""
    grant_id = expired.grant().pk
    begun = expired.begin(expired.a, "another")
    said = expired.consent(begun)
    expired.dial(token_answer={"answer": "slow:1", "times": 1})

    def consent() -> None:
        while not expired.calls("token")[2:]:
            pass
        expired.complete(begun, said)

    run_together(lambda: tokens.fresh(grant_id), consent)
    for _ in range(2):
        work()

    grant = Grant.objects.get(pk=grant_id)
    assert grant.state == GrantState.ACTIVE
    assert expired.is_alive(tokens.fresh(grant_id))
    assert Connection.objects.active().count() == 3
