"""A link is withdrawn while the person is about to connect on it: exactly one of the two wins."""

import secrets
import time

import pytest

from connections import connect
from connections.models import Connection
from tests.api.caller import Answer, caller
from tests.threads import run_together
from tests.world import World, work

# The confirmation has more to read before it takes the link's row, so cancelling starts a little
# later in each round: somewhere among them the two meet.
HEAD_STARTS = [number * 0.003 for number in range(8)]


@pytest.mark.parametrize("head_start", HEAD_STARTS)
def test_cancelled_and_connected_at_once(world: World, head_start: float) -> None:
    world.account = f"person {secrets.token_hex(4)}"
    begun = world.begin(world.a)
    asked = world.complete(begun, world.consent(begun), cookie=False)
    company = caller(world.alder)
    path = f"/portal/sessions/{begun.attempt.session_id}"

    def cancel() -> Answer:
        time.sleep(head_start)
        return company.post(f"{path}/cancel")

    landed, answer = run_together(
        lambda: connect.confirm(begun.attempt.pk, token=asked.confirm_token), cancel
    )
    work()

    assert isinstance(answer, Answer)
    shown = company.get(path).body["session"]
    if landed.step == "connected":
        assert answer.status == 410
        assert shown["state"] == "connected"
        assert world.events(world.a) == ["auth"]
        assert Connection.objects.active().count() == 1
    else:
        assert (landed.step, answer.status) == ("failed", 200)
        assert shown["state"] == "cancelled"
        assert [one["reason"] for one in shown["attempts"]] == ["session_cancelled"]
        assert world.events(world.a) == ["auth_cancelled", "auth_cancelled"]
        assert not Connection.objects.exists()
        assert len(world.calls("revoke")) == 1


def test_cancelled_many_times_at_once_is_told_once(world: World) -> None:
    begun = world.begin(world.a)
    company = caller(world.alder)
    path = f"/portal/sessions/{begun.attempt.session_id}/cancel"

    answers = run_together(*[lambda: company.post(path)] * 6)

    assert [answer.status for answer in answers] == [200] * 6
    assert world.events(world.a) == ["auth_cancelled"]
