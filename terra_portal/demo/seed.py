"""Fills an empty demo with two companies and what they have lived through."""

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from connections.models import OAuthClient
from developers.models import ApiKey
from terra_portal.demo import consents, deliveries, people, wiring
from terra_portal.demo.history import History, at
from terra_portal.demo.plan import DAYS, living, plan
from terra_portal.demo.sandbox import Control


def seed(client: OAuthClient, control: Control, alive: Callable[[str], None]) -> None:
    """In one transaction, after the sandbox has its part: half a demo is never kept."""
    now = timezone.now()
    steps = plan(now)
    # Nobody is listening yet: what the sandbox would tell us of these consents is old news.
    found = consents.obtain(client, control, living(steps), alive)
    with transaction.atomic():
        with at(now - timedelta(days=DAYS + 2)):
            people.make()
            sides = people.sides()
            for side in sides.values():
                wiring.add_inbox(side)
        alive("writing ninety days of history")
        History(sides, client, found).write(steps)
        deliveries.settle()
        ours = [side.environment for side in sides.values()]
        keys = ApiKey.objects.filter(environment__in=ours)
        keys.update(last_used_at=now - timedelta(minutes=4))
