"""When a delivery that failed is tried again, and when it is given up."""

from datetime import timedelta
from random import SystemRandom

from developers.webhooks.outbound import Answer

# The pauses between the attempts; after the last of them follows the last attempt.
RETRY_AFTER = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
# A pause is never shorter than it says, and at most this much of itself longer: what failed
# together does not come back together.
JITTER = 0.1
# However long a server asks to be left alone.
LONGEST_WISH = timedelta(hours=24)
# The answers with which RFC 9110, 10.2.3 and RFC 6585, 4 may say how long to wait.
MAY_WISH = (429, 503)

_random = SystemRandom()


def pause_after(attempts: int, answer: Answer) -> timedelta | None:
    """How long to wait after so many failed attempts of one round; None where it is given up.

    A server's own wish lengthens the pause and never shortens it.
    """
    if attempts > len(RETRY_AFTER):
        return None
    pause = RETRY_AFTER[attempts - 1] * _random.uniform(1, 1 + JITTER)
    if answer.status in MAY_WISH and answer.retry_after:
        return max(pause, min(answer.retry_after, LONGEST_WISH))
    return pause
