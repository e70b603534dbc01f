"""Whose turn it is, where queues are long and many."""

import json
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from developers.models import Delivery, Destination, Environment
from developers.webhooks import claims, turns
from terra_portal import clock
from tests.developers.outbox import Receiver, happened, receiver
from tests.developers.sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 100_000
# Index and table pages that one look may touch: hundreds for what it takes, never the queue's.
MOST_PAGES = 200

COPY_EVENTS = """
INSERT INTO developers_event (id, environment_id, type, sequence, terra_reference, reference_id,
                              body, is_example, occurred_at)
SELECT gen_random_uuid(), %s, 'auth', NULL, gen_random_uuid(), '', '{}', false, now()
FROM generate_series(1, %s)
"""
COPY_DELIVERIES = """
INSERT INTO developers_delivery (id, environment_id, event_id, destination_id, state, due_at,
                                 round_count, attempt_count, created_at)
SELECT gen_random_uuid(), environment_id, id, %s, 'due', %s, 0, 0, now() FROM developers_event
WHERE environment_id = %s LIMIT %s
"""


def queue_of(destination: Destination, count: int, *, due_in: timedelta = timedelta(0)) -> None:
    """So many rows of one destination, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(COPY_EVENTS, [destination.environment_id, count])
        due_at = clock.now() - timedelta(hours=1) + due_in
        cursor.execute(COPY_DELIVERIES, [destination.pk, due_at, destination.environment_id, count])
        cursor.execute("ANALYZE developers_delivery")


def pages_of(statement: str, **facts: Any) -> int:
    """Pages that PostgreSQL reads for it, as it is really run."""
    explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(explain + statement, facts)
        (found,) = cursor.fetchone()
        transaction.set_rollback(True)
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def look(destination: Destination) -> tuple[int, int]:
    now = clock.now()
    facts: dict[str, Any] = {"now": now, "at_once": turns.AT_ONCE, "most": 32}
    opened = pages_of(
        turns.OPEN,
        **facts,
        low=uuid.UUID(int=0),
        high=uuid.UUID(int=2**128 - 1),
        slow=False,
        most_visited=turns.MOST_VISITED,
    )
    taken = pages_of(
        turns.TAKE,
        **facts,
        open=[destination.pk],
        claim=uuid.uuid4(),
        until=now + claims.CLAIM,
    )
    return opened, taken


def test_a_long_queue_of_one_costs_no_more_pages_and_delays_nobody(
    environment: Environment, receiving: Receiver, server: Sink
) -> None:
    other = receiver(environment, server, event_types=["deauth"])
    queue_of(receiving.destination, LONG)
    queue_of(other.destination, 1)

    opened, taken = look(receiving.destination)
    assert opened < MOST_PAGES
    assert taken < MOST_PAGES
    counted = Counter(row.destination_id for row in claims.claim(32))
    assert counted == {receiving.destination.pk: turns.AT_ONCE, other.destination.pk: 1}


def test_many_retries_that_wait_cost_nothing(environment: Environment, receiving: Receiver) -> None:
    queue_of(receiving.destination, LONG, due_in=timedelta(hours=3))
    happened(environment)
    assert sum(look(receiving.destination)) < MOST_PAGES
    assert len(claims.claim(32)) == 1


def test_many_destinations_all_have_their_turn(environment: Environment, server: Sink) -> None:
    for _ in range(50):
        receiver(environment, server)
    for _ in range(6):
        happened(environment)
    counted: Counter[uuid.UUID] = Counter()
    while taken := claims.claim(32):
        counted.update(row.destination_id for row in taken)
    assert set(counted.values()) == {turns.AT_ONCE}
    assert len(counted) == 50
    assert Delivery.objects.filter(state="due").count() == 50 * 2


def test_slow_ones_have_a_lane_of_their_own(
    environment: Environment, receiving: Receiver, server: Sink
) -> None:
    slow = receiver(environment, server).destination
    Destination.objects.filter(pk=slow.pk).update(slow_until=clock.now() + timedelta(minutes=1))
    happened(environment)
    assert [row.destination_id for row in claims.claim(9)] == [receiving.destination.pk]
    assert [row.destination_id for row in claims.claim(9, slow=True)] == [slow.pk]


def test_a_destination_that_is_locked_is_passed_over(
    environment: Environment, receiving: Receiver, server: Sink
) -> None:
    """Nobody waits for a worker that fills it, nor for a page that pauses it."""
    free = receiver(environment, server).destination
    happened(environment)
    with connection.copy().cursor() as elsewhere:
        elsewhere.execute("BEGIN")
        elsewhere.execute(
            "SELECT 1 FROM developers_destination WHERE id = %s FOR NO KEY UPDATE",
            [receiving.destination.pk],
        )
        assert [row.destination_id for row in claims.claim(9)] == [free.pk]
        elsewhere.execute("ROLLBACK")
        elsewhere.connection.close()
    assert [row.destination_id for row in claims.claim(9)] == [receiving.destination.pk]
