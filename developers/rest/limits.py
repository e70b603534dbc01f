"""How many requests an API key may send, counted in the cache that all processes share."""

import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

from developers.models import ApiKey
from terra_portal import clock

logger = logging.getLogger(__name__)

RULE = "api-key"
_USAGE = "portal.usage"
RESTS_SECONDS = 10.0
# A count outlives its window by this much: the clocks of two machines may differ.
SPARE_SECONDS = 60


class OverLimitError(Exception):
    """This key has sent all that it may for now; says when it may again."""


@dataclass(frozen=True)
class Usage:
    limit: int
    seconds: int
    count: int
    reset_after: int

    @property
    def is_over(self) -> bool:
        return self.count > self.limit

    def headers(self) -> dict[str, str]:
        """What the answer says of it, in Terra's words."""
        said = {
            "X-Terra-RateLimit-Limit": str(self.limit),
            "X-Terra-RateLimit-Remaining": str(max(self.limit - self.count, 0)),
            "X-Terra-RateLimit-Reset-After": str(self.reset_after),
        }
        if self.is_over:
            said |= {"Retry-After": str(self.reset_after), "X-Terra-RateLimit-Rule": RULE}
        return said


class _Rest:
    """Leaves a cache that failed alone for a while, so that no request waits for it in vain."""

    until = 0.0

    def is_on(self) -> bool:
        return time.monotonic() < self.until

    def begin(self) -> None:
        self.until = time.monotonic() + RESTS_SECONDS


rest = _Rest()


def spend(request: HttpRequest, key: ApiKey) -> None:
    """Counts this request of the key. Raises OverLimitError.

    A cache that is down limits nobody: the portal goes on, and says so in the log.
    """
    rate = settings.API_RATE_LIMIT
    usage = None if rate is None or rest.is_on() else _counted(key, rate)
    if usage is None:
        return
    request.META[_USAGE] = usage
    if usage.is_over:
        raise OverLimitError(
            f"rate limit exceeded: {usage.limit} requests in {usage.seconds} s; "
            f"try again in {usage.reset_after} s"
        )


def headers(request: HttpRequest) -> dict[str, str]:
    """For the answer to a request that was counted; none for any other."""
    usage: Usage | None = request.META.get(_USAGE)
    return usage.headers() if usage else {}


def _counted(key: ApiKey, rate: tuple[int, int]) -> Usage | None:
    """Fixed windows, which begin at another second for each key."""
    limit, seconds = rate
    window, passed = divmod(int(clock.now().timestamp()) + key.pk.int % seconds, seconds)
    try:
        count = _one_more(f"api-requests:{key.pk}:{seconds}:{window}", keep=seconds + SPARE_SECONDS)
    except Exception as error:  # each cache fails with errors of its own
        rest.begin()
        logger.error("Requests are not counted: the cache failed (%s).", type(error).__name__)
        return None
    return Usage(limit, seconds, count, seconds - passed)


def _one_more(name: str, *, keep: int) -> int:
    """Counting comes first, as most requests find a number. Of two that find none one adds it."""
    try:
        return cache.incr(name)
    except ValueError:
        return 1 if cache.add(name, 1, keep) else cache.incr(name)
