"""What came of attempts, stored for many at a time."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F

from developers.models import Attempt, Delivery
from developers.states import DeliveryState
from developers.webhooks import schedule
from developers.webhooks.outbound import Answer
from terra_portal import clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Try:
    """One attempt. `is_final` gives the delivery up; `is_ours` says that the portal failed."""

    delivery: Delivery
    answer: Answer
    started_at: datetime
    duration_ms: int
    is_final: bool = False
    is_ours: bool = False


class _Row(NamedTuple):
    """A delivery as it stands, locked."""

    pk: UUID
    claim: UUID | None
    round_count: int
    attempt_count: int


def record(tries: Sequence[Try]) -> list[Try]:
    """Stores the attempts and what follows from them; those whose row is still their claim's."""
    with transaction.atomic():
        rows = _locked(tries)
        kept = [one for one in tries if _is_current(one, rows)]
        if not kept:
            return []
        now = clock.now()
        _store_delivered([one.delivery.pk for one in kept if one.answer.accepted], now)
        _store_failed([_failed(one, rows, now) for one in kept if not one.answer.accepted])
        Attempt.objects.bulk_create([_attempt(one, rows) for one in kept])
    return kept


def _locked(tries: Sequence[Try]) -> dict[UUID, _Row]:
    wanted = [one.delivery.pk for one in tries]
    rows = Delivery.objects.filter(pk__in=wanted, state=DeliveryState.CLAIMED).order_by("pk")
    locked = rows.select_for_update(no_key=True).values_list(*_Row._fields)
    return {row[0]: _Row(*row) for row in locked}


def _is_current(one: Try, rows: Mapping[UUID, _Row]) -> bool:
    row = rows.get(one.delivery.pk)
    if row is not None and row.claim == one.delivery.claim:
        return True
    logger.warning("delivery %s was claimed again before its attempt ended", one.delivery.pk)
    return False


def _store_delivered(ids: Sequence[UUID], now: datetime) -> None:
    """The usual outcome: the same change for all, so one statement for many."""
    if ids:
        Delivery.objects.filter(pk__in=ids).update(
            state=DeliveryState.DELIVERED,
            finished_at=now,
            claim=None,
            round_count=F("round_count") + 1,
            attempt_count=F("attempt_count") + 1,
        )


def _store_failed(changed: Sequence[Delivery]) -> None:
    Delivery.objects.bulk_update(
        changed, ["state", "due_at", "finished_at", "claim", "round_count", "attempt_count"]
    )


def _failed(one: Try, rows: Mapping[UUID, _Row], now: datetime) -> Delivery:
    """The row as it is to be. What was claimed stays as it is: storing may have to begin anew."""
    row = rows[one.delivery.pk]
    rounds = row.round_count + 1
    pause = None if one.is_final else schedule.pause_after(rounds, one.answer)
    is_over = pause is None
    return Delivery(
        pk=row.pk,
        state=DeliveryState.EXHAUSTED if is_over else DeliveryState.DUE,
        due_at=now + (pause or timedelta()),
        finished_at=now if is_over else None,
        claim=None,
        round_count=rounds,
        attempt_count=row.attempt_count + 1,
    )


def _attempt(one: Try, rows: Mapping[UUID, _Row]) -> Attempt:
    return Attempt(
        delivery_id=one.delivery.pk,
        number=rows[one.delivery.pk].attempt_count + 1,
        started_at=one.started_at,
        duration_ms=one.duration_ms,
        status_code=one.answer.status,
        error=one.answer.error,
        response_excerpt=one.answer.excerpt,
    )
