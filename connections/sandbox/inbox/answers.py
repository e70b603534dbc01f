"""How an inbox answers: well, with an error, or late."""

from ..dials import slow_seconds

LONGEST = 60


def is_known(answer: str) -> bool:
    return answer in ("normal", "500") or 0 <= (slow_seconds(answer) or -1) <= LONGEST
