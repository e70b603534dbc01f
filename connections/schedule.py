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
# After looks in a row that told nothing. Whoever is doubted waits for the third at most.
AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
DOUBTED_WAITS = 3

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
    grant.unsure_looks = min(grant.unsure_looks + 1, len(AGAIN) + 1)
    waits = min(grant.unsure_looks, DOUBTED_WAITS) if grant.doubted else grant.unsure_looks
    wait = AGAIN[waits - 1] if waits <= len(AGAIN) else within(every(grant))
    grant.next_probe_at = clock.now() + wait


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
