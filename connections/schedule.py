"""What comes next for a grant, and when. All of it in memory, under the grant's lock."""

from datetime import datetime, timedelta
from random import SystemRandom

from connections import grants
from connections.models import Grant
from connections.providers import REGISTRY
from connections.states import GrantState
from terra_portal import clock
from terra_portal.celery import nudge

# Parts of the provider's `probe_every`. The span spreads what began together; what is left after it
# is time for a queue.
EARLIEST, LATEST = 0.6, 0.9
# After looks in a row that told nothing: twice as long each time, up to a part of the provider's
# `probe_every`. Whoever is doubted waits for an hour at most.
AGAIN = timedelta(minutes=1)
AGAIN_AT_MOST = 1 / 12
DOUBTED_AGAIN_AT_MOST = timedelta(hours=1)

_chance = SystemRandom()


def is_routine(grant: Grant) -> bool:
    """Whether nobody has a reason to ask about it: its day comes, and that is all."""
    asked = grant.doubted or grant.probes_left or grant.has_rivals
    return grant.state == GrantState.ACTIVE and not asked


def look_later(grant: Grant) -> None:
    """A sign of life: looked at again within a day. A reason to ask keeps its sooner time."""
    grant.unsure_looks = 0
    has_none = grant.state in grants.PROBED and grant.next_probe_at is None
    if is_routine(grant) or has_none:
        grant.next_probe_at = clock.now() + within(every(grant))


def look_again(grant: Grant) -> None:
    """A look told nothing: soon once more, and later each time, as it may stay like this."""
    longest = DOUBTED_AGAIN_AT_MOST if grant.doubted else every(grant) * AGAIN_AT_MOST
    wait = AGAIN * 2 ** min(grant.unsure_looks, 10)
    grant.unsure_looks = min(grant.unsure_looks + 1, 1000)
    grant.next_probe_at = clock.now() + min(wait, longest)


def every(grant: Grant) -> timedelta:
    return REGISTRY[grant.oauth_client.provider].probe_every


def within(period: timedelta) -> timedelta:
    """Somewhere in the later part of it."""
    return period * _chance.uniform(EARLIEST, LATEST)


def any_time(period: timedelta, *, after: datetime) -> datetime:
    """For those that have no time yet: anywhere in it, so that many at once do no harm."""
    return after + period * _chance.uniform(0, LATEST)


def order_notices(grant: Grant) -> None:
    """A consent that has become a connection, or a new one: its notices have to be ordered."""
    maker = REGISTRY[grant.oauth_client.provider]
    if not maker.subscribes_each or grant.state not in grants.PROBED:
        return
    if grant.subscribed_number != grant.authorisation_number:
        grant.subscribe_due_at = clock.now()
        grant.subscribe_tries, grant.subscribe_error = 0, ""
        nudge("connections.subscribe", str(grant.pk))
