"""The outbox on the demo's database."""

import os
import subprocess
import sys
from pathlib import Path

from tests.developers.sink import sink

ROOT = Path(__file__).resolve().parents[2]
SENDING = """
import sys, django
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
from developers import companies
from developers.models import Delivery, User
from developers.states import EventType
from developers.webhooks import claims, destinations
from developers.webhooks.delivery import deliver_due
from developers.webhooks.publish import Draft, publish
assert connection.vendor == "sqlite"
call_command("migrate", verbosity=0)
owner = User.objects.create_user("owner@example.org")
environment = companies.create("A", owner=owner).environments["testing"]
destination, secret = destinations.add(environment, sys.argv[1])
with transaction.atomic():
    publish([Draft(environment.pk, EventType.AUTH, {"type": "auth"}) for _ in range(6)])
(mine,) = claims.claim(1)
assert deliver_due() == 5
assert Delivery.objects.get(pk=mine.pk).state == "claimed"
assert set(Delivery.objects.exclude(pk=mine.pk).values_list("state", flat=True)) == {"delivered"}
print(secret)
"""


def test_events_are_claimed_and_sent(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
        "TERRA_PORTAL_DEMO": "1",
        "PORTAL_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "terra_portal.settings",
    }
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "CELERY_BROKER_URL", "CACHE_URL"):
        env.pop(name, None)
    with sink() as server:
        done = subprocess.run(
            [sys.executable, "-c", SENDING, server.url],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert len(server.arrivals) == 5
        for arrival in server.arrivals:
            arrival.verify(done.stdout.strip())
