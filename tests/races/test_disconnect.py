"""A leaves while B comes. The counted revoke may overlap with B's consent in every way."""

from threading import Event as Signal
from threading import Thread
from time import sleep

import pytest
from django.db import connections as databases

from connections import connect, disconnect, tokens, upstream
from connections.connect import Begun, Landing
from connections.models import ConnectAttempt, Connection, Grant, UpstreamRevoke
from connections.states import AttemptState, Door, GrantState, RevokeOutcome
from tests.sandbox.company import wait_until
from tests.threads import run_together
from tests.world import World, work


def leave(connection: Connection) -> Connection:
    return disconnect.end(connection.pk, environment=connection.environment, door=Door.API)


def assert_connected_and_alive(world: World, begun: Begun) -> None:
    found = Connection.objects.get(pk=begun.attempt.user_id)
    assert found.is_active
    assert world.grant().state == GrantState.ACTIVE
    assert world.is_alive(tokens.fresh(found.grant_id))


def resumed(begun: Begun) -> Landing:
    """The finishing page of the browser that began it."""
    return connect.resume(begun.attempt.pk, cookies={begun.cookie_name: begun.cookie_value})


def test_b_is_past_its_exchange_when_a_leaves(world: World) -> None:
    a = world.connect(world.a)
    begun = world.begin(world.b)
    asked = world.complete(begun, world.consent(begun), cookie=False)
    assert asked.step == "confirm"

    leave(a)
    work()
    assert world.calls("revoke") == []

    landed = connect.confirm(begun.attempt.pk, token=asked.confirm_token)
    assert landed.step == "connected"
    assert_connected_and_alive(world, begun)
    assert world.calls("revoke") == []


def test_b_comes_after_the_provider_was_asked(world: World) -> None:
    leave(world.connect(world.a))
    assert upstream.revoke(world.grant().pk) == RevokeOutcome.CONFIRMED
    assert world.grant().state == GrantState.ENDED

    begun = world.begin(world.b)
    assert world.complete(begun, world.consent(begun)).step == "connected"
    assert_connected_and_alive(world, begun)


def test_b_comes_between_the_leaving_and_the_asking(world: World) -> None:
    leave(world.connect(world.a))
    begun = world.begin(world.b)
    assert world.complete(begun, world.consent(begun)).step == "connected"

    work()
    assert world.calls("revoke") == []
    assert_connected_and_alive(world, begun)


def test_b_declines_after_a_has_left(world: World) -> None:
    """Then nobody holds it: the attempt's own tokens are given back."""
    a = world.connect(world.a)
    begun = world.begin(world.b)
    asked = world.complete(begun, world.consent(begun), cookie=False)
    leave(a)
    connect.decline(begun.attempt.pk, token=asked.confirm_token)
    work()
    assert len(world.calls("revoke")) == 1
    assert world.grant().access_token == ""
    assert world.sandbox.control("GET", f"accounts/{world.account}")["consents"] == []


def revoking(world: World, seconds: float) -> Thread:
    """A worker whose call to the provider is under way, its effect done, its answer not yet."""
    world.dial(revoke_answer={"answer": f"slow:{seconds}", "times": 1})
    done = Signal()

    def ask() -> None:
        try:
            upstream.revoke(grant_id)
        finally:
            databases.close_all()
            done.set()

    grant_id = world.grant().pk
    thread = Thread(target=ask, daemon=True)
    thread.start()
    wait_until(lambda: bool(world.calls("revoke")))
    return thread


@pytest.mark.parametrize("consented", ["before", "during"])
def test_b_waits_behind_a_revoke_in_flight(world: World, consented: str) -> None:
    leave(world.connect(world.a))
    begun = world.begin(world.b)
    said = world.consent(begun) if consented == "before" else {}
    asking = revoking(world, 1.5)
    said = said or world.consent(begun)

    assert world.complete(begun, said).step == "waiting"
    assert resumed(begun).step == "waiting"
    assert world.events(world.b) == []

    asking.join(20)
    work()
    assert resumed(begun).step == "connected"
    assert_connected_and_alive(world, begun)
    assert world.events(world.b) == ["auth"]


def test_the_revoke_took_the_new_tokens_along(world: World) -> None:
    """The person is asked to authorise once more; nobody is told of a user that never was."""
    leave(world.connect(world.a))
    begun = world.begin(world.b)
    asking = revoking(world, 1)
    assert world.complete(begun, world.consent(begun)).step == "waiting"
    world.press_revoke()
    asking.join(20)
    work()

    assert resumed(begun).step == "again"
    assert world.events(world.b) == []
    assert not Connection.objects.active().exists()

    again = connect.begin(begun.attempt.session, "SANDBOX")
    assert world.complete(again, world.consent(again)).step == "connected"
    assert_connected_and_alive(world, again)


def test_it_waits_while_nobody_can_say_whether_the_tokens_live(world: World) -> None:
    leave(world.connect(world.a))
    begun = world.begin(world.b)
    asking = revoking(world, 1)
    world.complete(begun, world.consent(begun))
    asking.join(20)

    world.dial(me_answer="503")
    work()
    assert resumed(begun).step == "waiting"

    world.dial(me_answer="normal")
    assert resumed(begun).step == "connected"
    assert_connected_and_alive(world, begun)


def test_the_exchange_is_in_flight_while_the_provider_is_asked(world: World) -> None:
    leave(world.connect(world.a))
    begun = world.begin(world.b)
    said = world.consent(begun)
    world.dial(token_answer={"answer": "slow:1", "times": 1})

    def ask() -> RevokeOutcome | None:
        sleep(0.4)
        return upstream.revoke(world.grant().pk)

    landed, outcome = run_together(lambda: world.complete(begun, said), ask)

    assert outcome == RevokeOutcome.CONFIRMED
    assert landed.step == "connected"
    assert len(world.calls("me")) == 1  # only a check that began after the revoke can tell
    assert_connected_and_alive(world, begun)


def test_a_revoke_of_unknown_outcome_is_watched(world: World) -> None:
    leave(world.connect(world.a))
    world.dial(revoke_answer={"answer": "drop_after", "times": 1})
    assert upstream.revoke(world.grant().pk) == RevokeOutcome.UNKNOWN

    begun = world.begin(world.b)
    assert world.complete(begun, world.consent(begun)).step == "connected"
    grant = world.grant()
    assert grant.next_probe_at is not None
    assert grant.probes_left == 3
    work()
    assert world.grant().probes_left == 2
    assert_connected_and_alive(world, begun)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.08, 0.12])
def test_at_the_same_moment(world: World, delay: float) -> None:
    """However they interleave: B is connected on living tokens, or was asked once more."""
    a = world.connect(world.a)
    begun = world.begin(world.b)
    said = world.consent(begun)

    def go() -> None:
        sleep(delay)
        leave(a)
        upstream.revoke(a.grant_id)

    results = run_together(lambda: world.complete(begun, said), go)
    assert not [one for one in results if isinstance(one, BaseException)]
    for _ in range(3):
        work()

    attempt = ConnectAttempt.objects.get(pk=begun.attempt.pk)
    assert attempt.state == AttemptState.CONNECTED or attempt.ask_again
    if attempt.state == AttemptState.CONNECTED:
        assert_connected_and_alive(world, begun)
    assert world.events(world.a) == ["auth", "deauth"]


def test_both_leave_at_once_and_the_provider_is_asked_once(world: World) -> None:
    pair = [world.connect(world.a), world.connect(world.b)]

    results = run_together(lambda: leave(pair[0]), lambda: leave(pair[1]))
    assert not [one for one in results if isinstance(one, BaseException)]
    run_together(work, work, work)

    assert len(world.calls("revoke")) == 1
    assert UpstreamRevoke.objects.count() == 1
    assert world.grant().state == GrantState.ENDED
    assert world.events(world.a) == world.events(world.b) == ["auth", "deauth"]


def test_one_connection_ended_from_many_sides_is_told_once(world: World) -> None:
    a = world.connect(world.a)

    results = run_together(*[lambda: leave(a)] * 6)

    assert sum(isinstance(one, Connection) for one in results) == 1
    assert sum(isinstance(one, Connection.DoesNotExist) for one in results) == 5
    assert world.events(world.a) == ["auth", "deauth"]


def test_the_provider_is_asked_only_for_the_last(world: World) -> None:
    a, b = world.connect(world.a), world.connect(world.b)

    leave(a)
    work()
    assert world.calls("revoke") == []
    assert world.is_alive(tokens.fresh(b.grant_id))
    assert Connection.objects.get(pk=b.pk).is_active
    assert world.events(world.b) == ["auth"]

    leave(b)
    work()
    assert len(world.calls("revoke")) == 1
    grant = Grant.objects.get(pk=b.grant_id)
    assert (grant.access_token, grant.refresh_token, grant.rivals) == ("", "", "")
    assert world.sandbox.control("GET", f"accounts/{world.account}")["consents"] == []


def test_a_set_that_was_overtaken_is_given_back_as_well(world: World) -> None:
    """Both leave before anybody knew which of two sets lives: the living one goes too."""
    begun = [world.begin(world.a), world.begin(world.b)]
    said = [world.consent(one) for one in begun]
    world.dial(token_answer={"answer": "slow:0.8", "times": 1}, me_answer="500")

    def later() -> None:
        sleep(0.4)
        world.complete(begun[1], said[1])

    run_together(lambda: world.complete(begun[0], said[0]), later)
    for one in begun:
        leave(Connection.objects.get(pk=one.attempt.user_id))
    work()

    assert world.sandbox.control("GET", f"accounts/{world.account}")["consents"] == []
    assert world.grant().state == GrantState.ENDED


def test_a_failing_provider_is_asked_until_it_works(world: World) -> None:
    world.dial(revoke_answer={"answer": "500", "times": 2})
    leave(world.connect(world.a))

    outcomes = [upstream.revoke(world.grant().pk) for _ in range(3)]

    assert outcomes == [RevokeOutcome.UNKNOWN, RevokeOutcome.UNKNOWN, RevokeOutcome.CONFIRMED]
    assert world.grant().state == GrantState.ENDED
    assert world.grant().access_token == ""
    assert UpstreamRevoke.objects.count() == 3
    assert world.events(world.a) == ["auth", "deauth"]
