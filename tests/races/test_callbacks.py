"""One callback, many copies: a browser that sends it twice, a link scanner, a thief."""

import pytest

from connections import connect
from connections.models import ConnectAttempt, Connection
from connections.states import AttemptState
from tests.threads import run_together
from tests.world import World, work

COPIES = 8


def steps(landings: list[connect.Landing]) -> list[str]:
    return sorted(landing.step for landing in landings)


def test_copies_with_the_cookie_connect_once(world: World) -> None:
    begun = world.begin(world.a)
    said = world.consent(begun)

    landings = run_together(*[lambda: world.complete(begun, said)] * COPIES)

    assert set(steps(landings)) <= {"connected", "waiting"}
    assert "connected" in steps(landings)
    assert world.complete(begun, said).step == "connected"
    assert Connection.objects.count() == 1
    assert world.events(world.a) == ["auth"]
    assert len(world.calls("token")) == 1


def test_copies_without_the_cookie_learn_nothing(world: World) -> None:
    begun = world.begin(world.a)
    said = world.consent(begun)

    landings = run_together(*[lambda: world.complete(begun, said, cookie=False)] * COPIES)

    assert steps(landings) == ["confirm"] + ["unknown"] * (COPIES - 1)
    assert all(one.attempt is None for one in landings if one.step == "unknown")
    assert not Connection.objects.exists()
    assert world.events(world.a) == []
    assert len(world.calls("token")) == 1


def test_copies_of_both_kinds_at_once(world: World) -> None:
    begun = world.begin(world.a)
    said = world.consent(begun)
    with_cookie = [lambda: world.complete(begun, said)] * 4
    without = [lambda: world.complete(begun, said, cookie=False)] * 4

    landings = run_together(*with_cookie, *without)

    assert set(steps(landings[4:])) <= {"unknown", "confirm"}
    assert world.complete(begun, said).step == "connected"
    assert world.complete(begun, said, cookie=False).step == "unknown"
    assert Connection.objects.count() == 1
    assert world.events(world.a) == ["auth"]


def test_a_copy_s_question_is_void_once_the_right_browser_has_come(world: World) -> None:
    begun = world.begin(world.a)
    said = world.consent(begun)
    asked = world.complete(begun, said, cookie=False)
    assert asked.step == "confirm"

    assert world.complete(begun, said).step == "connected"

    assert connect.confirm(begun.attempt.pk, token=asked.confirm_token).step == "unknown"
    assert connect.decline(begun.attempt.pk, token=asked.confirm_token).step == "unknown"
    assert world.events(world.a) == ["auth"]


def test_confirmed_many_times_at_once(world: World) -> None:
    begun = world.begin(world.a)
    asked = world.complete(begun, world.consent(begun), cookie=False)

    landings = run_together(
        *[lambda: connect.confirm(begun.attempt.pk, token=asked.confirm_token)] * COPIES
    )

    assert steps(landings) == ["connected"] * COPIES
    assert world.events(world.a) == ["auth"]


def test_confirmed_and_declined_at_once(world: World) -> None:
    begun = world.begin(world.a)
    asked = world.complete(begun, world.consent(begun), cookie=False)

    run_together(
        lambda: connect.confirm(begun.attempt.pk, token=asked.confirm_token),
        lambda: connect.decline(begun.attempt.pk, token=asked.confirm_token),
    )
    work()

    attempt = ConnectAttempt.objects.get(pk=begun.attempt.pk)
    connected = attempt.state == AttemptState.CONNECTED
    assert world.events(world.a) == (["auth"] if connected else ["auth_cancelled"])
    assert Connection.objects.count() == int(connected)
    assert len(world.calls("revoke")) == int(not connected)


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_wrong_confirmation_learns_nothing(world: World, token: str) -> None:
    begun = world.begin(world.a)
    world.complete(begun, world.consent(begun), cookie=False)

    assert connect.confirm(begun.attempt.pk, token=token) == connect.UNKNOWN
    assert connect.decline(begun.attempt.pk, token=token) == connect.UNKNOWN
    assert connect.resume(begun.attempt.pk, cookies={}) == connect.UNKNOWN
    assert world.events(world.a) == []


def test_two_attempts_of_one_link_connect_once(world: World) -> None:
    """Two tabs, one link: the second comes too late, and its tokens serve the first."""
    one = world.begin(world.a)
    other = connect.begin(one.attempt.session, "SANDBOX")
    said = [world.consent(one), world.consent(other)]

    landings = run_together(
        lambda: world.complete(one, said[0]), lambda: world.complete(other, said[1])
    )

    assert steps(landings) == ["connected", "failed"]
    assert sorted(world.events(world.a)) == ["auth", "auth_cancelled"]
    assert Connection.objects.active().count() == 1


def test_the_same_person_twice_at_once_leaves_one_user(world: World) -> None:
    begun = [world.begin(world.a, "r"), world.begin(world.a, "r")]
    said = [world.consent(one) for one in begun]

    landings = run_together(
        lambda: world.complete(begun[0], said[0]), lambda: world.complete(begun[1], said[1])
    )

    assert steps(landings) == ["connected", "connected"]
    assert Connection.objects.active().count() == 1
    assert sorted(world.events(world.a)) == ["auth", "auth", "user_reauth"]


def test_a_callback_that_arrives_after_its_attempt_was_swept(world: World) -> None:
    """The exchange takes longer than the attempt lives: what it brought is given back."""
    begun = world.begin(world.a)
    said = world.consent(begun)
    world.dial(token_answer={"answer": "slow:1", "times": 1})

    def sweep() -> None:
        while not world.calls("token"):
            pass
        ConnectAttempt.objects.update(expires_at=begun.attempt.created_at)
        work()

    landed, _ = run_together(lambda: world.complete(begun, said), sweep)
    work()

    assert landed.step == "failed"
    assert world.events(world.a) == ["auth_cancelled"]
    assert world.sandbox.control("GET", f"accounts/{world.account}")["consents"] == []
