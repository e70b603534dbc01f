"""What came of attempts, stored for many at a time."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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


def record(tries: Sequence[Try]) -> list[Try]:
    """Stores the attempts and what follows from them; those whose row is still their claim's."""
    with transaction.atomic():
        rows = _locked(tries)
        kept = [one for one in tries if _is_current(one, rows)]
        if not kept:
            return []
        _store([rows[one.delivery.pk] for one in kept if one.answer.accepted], clock.now())
        failed = [one for one in kept if not one.answer.accepted]
        for one in failed:
            _follow(rows[one.delivery.pk], one, clock.now())
        Delivery.objects.bulk_update(
            [rows[one.delivery.pk] for one in failed],
            ["state", "due_at", "finished_at", "claim", "round_count", "attempt_count"],
        )
        Attempt.objects.bulk_create(
            [_attempt(one, rows[one.delivery.pk].attempt_count) for one in kept]
        )
    return kept


def _locked(tries: Sequence[Try]) -> dict[object, Delivery]:
    wanted = [one.delivery.pk for one in tries]
    rows = Delivery.objects.filter(pk__in=wanted, state=DeliveryState.CLAIMED)
    return {row.pk: row for row in rows.select_for_update(no_key=True).order_by("pk")}


def _is_current(one: Try, rows: dict[object, Delivery]) -> bool:
    row = rows.get(one.delivery.pk)
    if row is not None and row.claim == one.delivery.claim:
        return True
    logger.warning("delivery %s was claimed again before its attempt ended", one.delivery.pk)
    return False


def _store(delivered: Sequence[Delivery], now: datetime) -> None:
    """The usual outcome: the same change for all, so one statement for many."""
    if not delivered:
        return
    Delivery.objects.filter(pk__in=[row.pk for row in delivered]).update(
        state=DeliveryState.DELIVERED,
        finished_at=now,
        claim=None,
        round_count=F("round_count") + 1,
        attempt_count=F("attempt_count") + 1,
    )
    for row in delivered:
        row.attempt_count += 1


def _follow(row: Delivery, one: Try, now: datetime) -> None:
    row.claim = None
    row.round_count += 1
    row.attempt_count += 1
    pause = None if one.is_final else schedule.pause_after(row.round_count, one.answer)
    if pause is None:
        row.state, row.finished_at = DeliveryState.EXHAUSTED, now
    else:
        row.state, row.due_at = DeliveryState.DUE, now + pause


def _attempt(one: Try, number: int) -> Attempt:
    return Attempt(
        delivery_id=one.delivery.pk,
        number=number,
        started_at=one.started_at,
        duration_ms=one.duration_ms,
        status_code=one.answer.status,
        error=one.answer.error,
        response_excerpt=one.answer.excerpt,
    )
