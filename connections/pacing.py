"""How often one application may knock at its provider. Shared by all workers through its row."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from connections.models import OAuthClient
from connections.providers import REGISTRY
from terra_portal import clock

MINUTE = timedelta(minutes=1)
# As much of the past as may be caught up with at once.
WINDOW = timedelta(seconds=10)
# No provider is waited for longer, and no slot lies further ahead. A time beyond it was written by
# a clock that was wrong, and must not silence the application.
LONGEST = timedelta(hours=1)
TRIES = 5


def step(provider: str) -> timedelta:
    """From one slot to the next.

    So long that no minute holds more than `probes_per_minute`, what is caught up with included.
    """
    return (MINUTE + WINDOW) / REGISTRY[provider].probes_per_minute


def take(client_id: UUID, wanted: int = 1) -> int:
    """Takes up to `wanted` slots that have come; each is leave for one call.

    None while the provider asks for patience. However many workers take at once, no slot is given
    twice: the row moves by compare-and-set.
    """
    for _ in range(TRIES):
        client = OAuthClient.objects.only("provider", "busy_until", "probe_slot_at").get(
            pk=client_id
        )
        now = clock.now()
        if free_at(client, now) > now:
            return 0
        first = max(_believed(client.probe_slot_at, now) or now - WINDOW, now - WINDOW)
        apart = step(client.provider)
        number = min(wanted, 1 + (now - first) // apart)
        same = OAuthClient.objects.filter(pk=client_id, probe_slot_at=client.probe_slot_at)
        if same.update(probe_slot_at=first + number * apart):
            return number
    return 0


def free_at(client: OAuthClient, now: datetime) -> datetime:
    """When the application may knock again; `now` or earlier where it may at once."""
    times = [_believed(client.probe_slot_at, now), _believed(client.busy_until, now)]
    return max((time for time in times if time), default=now)


def is_free(now: datetime) -> Q:
    """The same as a condition on clients."""
    condition = Q()
    for name in ("probe_slot_at", "busy_until"):
        never = Q(**{f"{name}__isnull": True})
        beyond = Q(**{f"{name}__gt": now + LONGEST})
        condition &= never | Q(**{f"{name}__lte": now}) | beyond
    return condition


def _believed(time: datetime | None, now: datetime) -> datetime | None:
    return time if time and time <= now + LONGEST else None
