"""Whose turn it is: due rows of as many destinations as there are, a few of each.

On PostgreSQL nothing here grows with the length of anybody's queue. The destinations that have
one are found by jumping through the index `delivery_due_of`, from a random one onwards, and each
gives up to AT_ONCE rows. A destination is locked while rows of it are claimed: two workers
cannot both fill it, and none waits for another.
"""

import uuid
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from developers.models import Delivery, Destination
from developers.states import DeliveryState

# How many requests one destination gets at a time, from all workers together: a slow one then
# leaves room for the others.
AT_ONCE = 4
LOOK_AHEAD = 200
# How many destinations with a queue one look passes over, before the next begins elsewhere.
MOST_VISITED = 2_000
CLAIMABLE = (DeliveryState.DUE, DeliveryState.CLAIMED)

_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
# Each step jumps to the first row of the next destination that has any: its earliest one. With
# `= ANY` the order still names the destination, so that only an index of its own fits: by `due_at`
# alone one might be led through everybody's rows.
OPEN = """
WITH RECURSIVE walk (id, due_at, visited) AS (
    (SELECT destination_id, due_at, 1 FROM developers_delivery
     WHERE state IN ('due', 'claimed') AND destination_id > %(low)s
     ORDER BY destination_id, due_at LIMIT 1)
    UNION ALL
    SELECT later.destination_id, later.due_at, visited + 1
    FROM walk CROSS JOIN LATERAL (
        SELECT destination_id, due_at FROM developers_delivery
        WHERE state IN ('due', 'claimed') AND destination_id > walk.id
        ORDER BY destination_id, due_at LIMIT 1
    ) AS later
    WHERE visited < %(most_visited)s AND walk.id <= %(high)s
)
SELECT destination.id
FROM walk JOIN developers_destination AS destination ON destination.id = walk.id
WHERE walk.due_at <= %(now)s AND walk.id <= %(high)s
  AND (destination.slow_until IS NOT NULL AND destination.slow_until > %(now)s) = %(slow)s
  AND (SELECT count(*) FROM (
          SELECT 1 FROM developers_delivery
          WHERE destination_id = ANY (ARRAY[walk.id]) AND state = 'claimed' AND due_at > %(now)s
          ORDER BY destination_id, due_at LIMIT %(at_once)s) AS sending) < %(at_once)s
LIMIT %(most)s
FOR NO KEY UPDATE OF destination SKIP LOCKED
"""
# A statement of its own, so that it sees what was claimed until the destinations were locked.
TAKE = """
WITH picked AS MATERIALIZED (
    SELECT turn.id
    FROM unnest(%(open)s::uuid[]) AS open (id)
    CROSS JOIN LATERAL (
        SELECT id FROM developers_delivery
        WHERE destination_id = ANY (ARRAY[open.id]) AND state IN ('due', 'claimed')
          AND due_at <= %(now)s
        ORDER BY destination_id, due_at
        LIMIT greatest(0, %(at_once)s - (
            SELECT count(*) FROM (
                SELECT 1 FROM developers_delivery
                WHERE destination_id = ANY (ARRAY[open.id]) AND state = 'claimed'
                  AND due_at > %(now)s
                ORDER BY destination_id, due_at LIMIT %(at_once)s) AS sending))
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS turn
    LIMIT %(most)s
)
UPDATE developers_delivery AS delivery
SET state = 'claimed', claim = %(claim)s, due_at = %(until)s
FROM picked WHERE delivery.id = picked.id
RETURNING delivery.id
"""


def take(most: int, *, slow: bool, claim: UUID, now: datetime, until: datetime) -> list[UUID]:
    """Marks up to `most` due rows of the quick or the slow lane as this claim's, until then.

    Runs in a transaction.
    """
    if connection.vendor != "postgresql":
        return _take_in_order(most, slow=slow, claim=claim, now=now, until=until)
    start = uuid.uuid4()
    taken: list[UUID] = []
    facts: dict[str, Any] = {"now": now, "slow": slow, "claim": claim, "until": until}
    facts |= {"at_once": AT_ONCE, "most_visited": MOST_VISITED}
    with connection.cursor() as cursor:
        for low, high in ((start, _LAST), (_FIRST, start)):
            facts |= {"low": low, "high": high, "most": most - len(taken)}
            cursor.execute(OPEN, facts)
            open_ = [row[0] for row in cursor.fetchall()]
            if open_:
                cursor.execute(TAKE, {**facts, "open": open_})
                taken += [row[0] for row in cursor.fetchall()]
            if len(taken) >= most:
                break
    return taken


def _take_in_order(
    most: int, *, slow: bool, claim: UUID, now: datetime, until: datetime
) -> list[UUID]:
    """The same for the demo's database, which has one writer: oldest first, a few of each."""
    live = Delivery.objects.filter(state=DeliveryState.CLAIMED, due_at__gt=now)
    counted = live.values_list("destination_id").annotate(Count("pk")).order_by()
    working: Counter[UUID] = Counter(dict(counted))
    full = [destination for destination, count in working.items() if count >= AT_ONCE]
    hanging = Destination.objects.filter(slow_until__gt=now).values("pk")
    lane = Q(destination__in=hanging) if slow else ~Q(destination__in=hanging)
    due = Delivery.objects.filter(lane, state__in=CLAIMABLE, due_at__lte=now)
    rows = due.exclude(destination__in=full).order_by("due_at")
    taken: list[UUID] = []
    for pk, destination_id in rows.values_list("pk", "destination_id")[:LOOK_AHEAD]:
        if working[destination_id] < AT_ONCE and len(taken) < most:
            working[destination_id] += 1
            taken.append(pk)
    Delivery.objects.filter(pk__in=taken).update(
        state=DeliveryState.CLAIMED, claim=claim, due_at=until
    )
    return taken
