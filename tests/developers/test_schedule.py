"""The pauses between attempts, and how far a server's own wish counts."""

from datetime import timedelta

import pytest

from developers.webhooks import schedule
from developers.webhooks.outbound import Answer
from developers.webhooks.schedule import RETRY_AFTER, pause_after


@pytest.mark.parametrize("attempts", range(1, 10))
def test_a_pause_is_never_shorter_and_at_most_a_tenth_longer(attempts: int) -> None:
    pauses = [pause_after(attempts, Answer(500)) for _ in range(50)]
    base = RETRY_AFTER[attempts - 1]
    assert all(pause is not None and base <= pause <= base * 1.1 for pause in pauses)
    assert len(set(pauses)) > 1


def test_after_ten_attempts_it_is_given_up_whatever_the_server_wishes() -> None:
    assert pause_after(10, Answer(500)) is None
    assert pause_after(10, Answer(503, retry_after=timedelta(hours=1))) is None


@pytest.mark.parametrize("status", [429, 503])
def test_a_servers_wish_lengthens_the_pause(status: int) -> None:
    wish = timedelta(minutes=2)
    assert pause_after(1, Answer(status, retry_after=wish)) == wish


def test_a_wish_never_shortens_a_pause_and_has_an_end() -> None:
    shorter = pause_after(2, Answer(503, retry_after=timedelta(seconds=1)))
    assert shorter is not None
    assert shorter >= RETRY_AFTER[1]
    endless = pause_after(1, Answer(503, retry_after=timedelta(days=400)))
    assert endless == schedule.LONGEST_WISH


def test_other_answers_wish_nothing() -> None:
    pause = pause_after(1, Answer(500, retry_after=timedelta(hours=1)))
    assert pause is not None
    assert pause <= RETRY_AFTER[0] * 1.1
