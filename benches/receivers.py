"""Destinations at the sink, some of which hang, and a change that all of them are told."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from benches import tenants
from developers.models import Attempt, Delivery, Destination, Environment, Event
from developers.states import DestinationState, EventType
from developers.webhooks.publish import Draft, publish
from tools.environment import ROOT

# As Terra's user stands in an event.
USER = {
    "user_id": "0b5e8a5e-6a3c-4f5e-9d41-7c2f3b0a9e11",
    "provider": "GARMIN",
    "reference_id": "person-0123456789ab",
    "active": False,
    "scopes": "ACTIVITY_EXPORT,HEALTH_EXPORT",
    "last_webhook_update": None,
    "created_at": "2026-01-01T00:00:00.000000+00:00",
}
BODY = {
    "type": EventType.ACCESS_REVOKED.value,
    "status": "warning",
    "message": "User revoked access",
    "version": "2022-03-16",
    "user": USER,
}


class SinkServer:
    """The server's process as a bench sees it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str, said: object = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, json.dumps(said).encode() if said else None)
        try:
            return connection.getresponse().read()
        finally:
            connection.close()

    def arm(self, expected: int) -> None:
        self.ask("POST", "/arm", {"expected": expected})

    def arrivals(self) -> dict[str, float]:
        found: dict[str, float] = json.loads(self.ask("GET", "/arrivals"))
        return found


@contextmanager
def sink() -> Iterator[SinkServer]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benches.sink"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield SinkServer(int(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


class Receivers:
    """Environments of as many companies, each with one destination at the sink."""

    def __init__(self, number: int, server: SinkServer) -> None:
        self._server = server
        self._environments: list[Environment] = tenants.make(number)

    def hang(self, every: int) -> int:
        """Every so manieth hangs from now on, none for 0. As if none had ever been tried."""
        rows = list(Destination.objects.order_by("environment__dev_id"))
        hanging = 0
        for number, row in enumerate(rows):
            hangs = bool(every) and number % every == every - 1
            hanging += hangs
            kind = "hang" if hangs else "good"
            row.url = f"http://127.0.0.1:{self._server.port}/{kind}/{number}"
        Destination.objects.bulk_update(rows, ["url"], batch_size=tenants.BATCH)
        Destination.objects.update(
            state=DestinationState.ENABLED,
            stopped_because="",
            stopped_at=None,
            failing_since=None,
            warned_at=None,
            alarm_due_at=None,
            slow_until=None,
        )
        return hanging

    def tell(self) -> tuple[float, float]:
        """Something happens to everybody: when the change began, and when it was committed."""
        for model in (Attempt, Delivery, Event):
            model.objects.all().delete()
        drafts = [
            Draft(environment.pk, EventType.ACCESS_REVOKED, BODY, kind="revoked")
            for environment in self._environments
        ]
        began = time.monotonic()
        with transaction.atomic():
            publish(drafts)
        return began, time.monotonic()
