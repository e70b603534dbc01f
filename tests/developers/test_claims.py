"""The queue under several workers, in threads and in processes that are killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from developers.models import Attempt, Delivery, Environment
from developers.states import DeliveryState
from developers.webhooks import claims, destinations, results
from developers.webhooks.delivery import deliver_due
from developers.webhooks.outbound import Answer
from developers.webhooks.results import Try
from terra_portal import clock
from tests.developers.outbox import Receiver, happened, only_delivery, receiver
from tests.developers.sink import Sink
from tests.postgres import database_url
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
CLAIMING = """
import django, time
django.setup()
from developers.webhooks import claims
print(len(claims.claim(10)), flush=True)
time.sleep(600)
"""
SENDING = """
import django
django.setup()
from developers.webhooks.delivery import deliver_due
print("begin", flush=True)
deliver_due()
"""


def worker(code: str) -> subprocess.Popen[str]:
    """A process of its own on this test's database."""
    env = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_workers_at_once_send_each_attempt_once(environment: Environment, server: Sink) -> None:
    for _ in range(3):
        receiver(environment, server)
    for _ in range(12):
        happened(environment)
    results = run_together(*[deliver_due] * 4)
    # Rows that another worker held when one looked are nobody's loss: the sweep finds the rest.
    assert sum(results) + deliver_due() == 36
    traces = Counter(arrival.headers["x-terra-trace-id"] for arrival in server.arrivals)
    assert set(traces.values()) == {1}
    assert len(traces) == 36
    assert Attempt.objects.count() == 36
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}


def test_claims_of_two_workers_have_nothing_in_common(
    environment: Environment, server: Sink
) -> None:
    for _ in range(5):
        receiver(environment, server)
    for _ in range(2):
        happened(environment)
    taken = run_together(*[lambda: [row.pk for row in claims.claim(5)]] * 2)
    taken.append([row.pk for row in claims.claim(10)])
    ids = [pk for rows in taken for pk in rows]
    assert len(ids) == len(set(ids)) == 10


def test_a_worker_killed_after_its_claim_leaves_rows_that_free_themselves(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    process = worker(CLAIMING)
    assert line(process) == "1"
    killed(process)
    assert only_delivery().state == DeliveryState.CLAIMED
    assert deliver_due() == 0
    with clock.shifted(claims.CLAIM + timedelta(seconds=1)):
        assert deliver_due() == 1
    assert len(receiving.server.arrivals) == 1
    assert only_delivery().state == DeliveryState.DELIVERED


def test_a_worker_killed_while_it_sends_is_made_good(
    environment: Environment, receiving: Receiver
) -> None:
    """At least once: the server hears it again, as the same delivery with the same bytes."""
    receiving.server.delay = 30
    happened(environment)
    process = worker(SENDING)
    assert line(process) == "begin"
    while not receiving.server.arrivals and process.poll() is None:
        receiving.server.stopping.wait(0.05)
    killed(process)
    receiving.server.delay = 0
    with clock.shifted(claims.CLAIM + timedelta(seconds=1)):
        assert deliver_due() == 1
    first, second = receiving.server.arrivals
    assert first.body == second.body
    assert first.headers["x-terra-trace-id"] == second.headers["x-terra-trace-id"]
    assert Attempt.objects.get().number == 1


def test_a_result_that_comes_after_the_claim_changes_nothing(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    (slow,) = claims.claim(1)
    with clock.shifted(claims.CLAIM + timedelta(seconds=1)):
        deliver_due()
    assert results.record([Try(slow, Answer(500), clock.now(), 9)]) == []
    assert only_delivery().state == DeliveryState.DELIVERED
    assert Attempt.objects.get().status_code == 200


def test_one_destination_gets_only_so_many_at_once(
    environment: Environment, receiving: Receiver, server: Sink
) -> None:
    for _ in range(claims.AT_ONCE + 3):
        happened(environment)
    receiver(environment, server)
    happened(environment)
    taken = Counter(row.destination_id for row in claims.claim(50))
    assert taken[receiving.destination.pk] == claims.AT_ONCE
    assert sum(taken.values()) == claims.AT_ONCE + 1
    assert claims.claim(50) == []


def test_enabling_while_an_event_is_written_leaves_nothing_held(
    environment: Environment, receiving: Receiver
) -> None:
    for _ in range(10):
        destinations.pause(receiving.destination)
        results = run_together(
            lambda: happened(environment), lambda: destinations.enable(receiving.destination)
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert not Delivery.objects.filter(state=DeliveryState.HELD).exists()
