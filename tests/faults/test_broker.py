"""Real Celery workers on a real broker that is wiped, and workers that are killed."""

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from developers.models import Delivery, Environment
from developers.states import DeliveryState
from terra_portal import clock
from terra_portal.celery import app
from tests.developers.outbox import Receiver, happened, receiver
from tests.developers.sink import Sink
from tests.faults.processes import celery, cut_connections, kill
from tests.sandbox.company import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.broker,
    pytest.mark.skipif(
        settings.CELERY_BROKER_URL.startswith("memory:"),
        reason="needs a broker: CELERY_BROKER_URL=redis://… ./run test -m broker",
    ),
]
PATIENCE = 60


def wipe() -> int:
    """Forgets every message of this test's queues; how many waited there."""
    with app.connection_for_write() as broker:
        channel: Any = broker.default_channel
        return sum(int(channel.queue_purge(queue.name)) for queue in app.conf.task_queues)


def all_delivered() -> bool:
    return not Delivery.objects.exclude(state=DeliveryState.DELIVERED).exists()


def time_of_claims_is_over() -> None:
    """What a killed worker held is anybody's: a minute later, without waiting for it."""
    Delivery.objects.filter(state=DeliveryState.CLAIMED).update(due_at=clock.now())


def test_a_broker_that_is_wiped_loses_nothing(
    environment: Environment, receiving: Receiver, tmp_path: Path
) -> None:
    events = [happened(environment) for _ in range(5)]
    assert wipe() == 5
    with celery(tmp_path):
        wait_until(all_delivered, PATIENCE)
        events += [happened(environment) for _ in range(5)]
        wipe()
        wait_until(all_delivered, PATIENCE)
    arrived = Counter(arrival.headers["webhook-id"] for arrival in receiving.server.arrivals)
    assert arrived == {str(event.pk): 1 for event in events}


def test_a_worker_that_is_killed_is_followed_by_another(
    environment: Environment, receiving: Receiver, tmp_path: Path
) -> None:
    receiving.server.delay = PATIENCE
    events = [happened(environment) for _ in range(3)]
    with celery(tmp_path) as process:
        wait_until(lambda: len(receiving.server.arrivals) == 3, PATIENCE)
        kill(process)
    receiving.server.delay = 0
    time_of_claims_is_over()
    with celery(tmp_path):
        wait_until(all_delivered, PATIENCE)
    bodies = {(a.headers["webhook-id"], a.body) for a in receiving.server.arrivals}
    assert bodies == {(str(event.pk), event.body.encode()) for event in events}
    assert len(receiving.server.arrivals) == 6


def test_workers_whose_database_connections_are_cut_go_on(
    environment: Environment, receiving: Receiver, tmp_path: Path
) -> None:
    receiving.server.delay = 0.2
    with celery(tmp_path):
        for _ in range(5):
            happened(environment)
            cut_connections()
        time_of_claims_is_over()
        wait_until(all_delivered, PATIENCE)
    assert len({a.headers["webhook-id"] for a in receiving.server.arrivals}) == 5


def test_many_nudges_of_two_workers_send_each_attempt_once(
    environment: Environment, server: Sink, tmp_path: Path
) -> None:
    for _ in range(5):
        receiver(environment, server)
    for _ in range(8):
        happened(environment)
    for _ in range(20):
        app.send_task("developers.deliver_due")
    with celery(tmp_path, "--hostname=one@%h") as one, celery(tmp_path, "--hostname=two@%h") as two:
        wait_until(all_delivered, PATIENCE)
        assert running(one)
        assert running(two)
    traces = Counter(arrival.headers["x-terra-trace-id"] for arrival in server.arrivals)
    assert len(traces) == 40
    assert set(traces.values()) == {1}


def running(process: subprocess.Popen[str]) -> bool:
    return process.poll() is None
