"""What failed goes out once more: one delivery, or everything that was given up since a time.

Lock order: Recovery, Destination, then deliveries with their events. The last two are never
waited for: who holds them is sending, erasing or sending again, and says so when it has done.
"""

import time
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from developers import audit
from developers.models import (
    Delivery,
    Destination,
    Environment,
    EnvironmentQuerySet,
    Recovery,
    User,
)
from developers.states import DeliveryState, DestinationState, RecoveryState
from terra_portal import clock, tenancy
from terra_portal.celery import nudge
from terra_portal.errors import InvalidInputError

EARLIEST = 2000
BATCH = 500
# How long one run goes on; whoever wakes up next continues.
RUN_SECONDS = 20.0
# A run that has died is continued by the sweep after this time.
LEASE = timedelta(seconds=60)
# What somebody else holds at this moment is looked at again so much later.
PAUSE = timedelta(seconds=5)


def again(delivery: Delivery, *, by: User | None = None) -> None:
    """It goes out at once, as it is, and its schedule begins anew; attempts are numbered on.

    Where its destination is paused or disabled it is held, and goes out when that is enabled.
    Raises InvalidInputError naming `destination_id` where the payload is erased, the destination is
    removed, or it is being sent at this moment.
    """
    with tenancy.environment(delivery.environment_id), transaction.atomic():
        destination = _locked(delivery.destination_id)
        if destination.removed_at:
            raise InvalidInputError("destination_id", "Its destination is removed.")
        found = _with_event(Delivery.objects.filter(pk=delivery.pk)).first()
        if found is None or _is_being_sent(found):
            raise InvalidInputError("destination_id", "It is being sent at this moment.")
        if found.event.erased_at:
            raise InvalidInputError("destination_id", "Its payload is erased; it cannot be sent.")
        _renew(Delivery.objects.filter(pk=found.pk), destination)
        environment = destination.environment
        audit.record(
            environment.company,
            "event.sent_again",
            environment=environment,
            actor=by,
            subject=f"{found.event.type} {found.event_id} to {destination.url}",
        )
    nudge("developers.deliver_due")


def everywhere(deliveries: QuerySet[Delivery], *, by: User | None = None) -> tuple[int, str]:
    """Sends each of one event's deliveries again; how many, and why another could not be."""
    sent, refusal = 0, ""
    for delivery in deliveries:
        try:
            again(delivery, by=by)
        except InvalidInputError as error:
            refusal = error.message
        else:
            sent += 1
    return sent, refusal


def given_up(
    environment: Environment, *, since: datetime, destination: Destination | None = None
) -> EnvironmentQuerySet[Delivery]:
    """What a recovery would send again, at destinations that are not removed."""
    ids = [destination.pk] if destination else _receivers(environment.pk)
    return Delivery.objects.for_environment(environment).filter(
        destination__in=ids, state=DeliveryState.EXHAUSTED, created_at__gte=since
    )


def recover(
    environment: Environment,
    *,
    since: datetime,
    destination: Destination | None = None,
    by: User | None = None,
) -> Recovery:
    """Begins to send everything again that was given up of what happened since then.

    The work is done in the background; `done` of the answer's `total` grows. Raises
    InvalidInputError naming `since` or `destination`.
    """
    now = clock.now()
    # Databases and time zones know fewer moments than clocks can write.
    if since.year < EARLIEST:
        raise InvalidInputError("since", f"Choose a time after the year {EARLIEST}.")
    if since > now:
        raise InvalidInputError("since", "Choose a time that has passed.")
    if destination and (destination.environment_id != environment.pk or destination.removed_at):
        raise InvalidInputError("destination", "There is no such destination.")
    with tenancy.environment(environment.pk), transaction.atomic():
        recovery = Recovery.objects.create(
            environment=environment,
            destination=destination,
            since=since,
            total=given_up(environment, since=since, destination=destination).count(),
            created_by=by,
            created_at=now,
            due_at=now,
        )
        words = f"{recovery.total} since {since.isoformat(timespec='minutes')}"
        audit.record(
            environment.company,
            "recovery.started",
            environment=environment,
            actor=by,
            subject=f"{words} at {destination.url}" if destination else words,
        )
        nudge("developers.carry_on_recovery", str(recovery.pk))
    return recovery


def sweep() -> None:
    """Continues what a lost nudge or a killed worker left behind."""
    with tenancy.system("recoveries that nobody carries on"):
        due = Recovery.objects.filter(state=RecoveryState.RUNNING, due_at__lte=clock.now())
        for recovery_id in list(due.order_by("due_at").values_list("pk", flat=True)[:100]):
            carry_on(recovery_id)


def carry_on(recovery_id: UUID) -> None:
    """Batch after batch, each its own transaction. May run twice, also at the same time: the
    batches of one recovery take turns, and a delivery that has gone is given up no longer.
    """
    until = time.monotonic() + RUN_SECONDS
    with tenancy.system("a recovery in batches"):
        while _batch(recovery_id):
            if time.monotonic() >= until:
                with transaction.atomic():
                    nudge("developers.carry_on_recovery", str(recovery_id))
                return


def _batch(recovery_id: UUID) -> bool:
    """Sends up to BATCH deliveries again; whether there may be more to do at once."""
    with transaction.atomic():
        recovery = Recovery.objects.select_for_update(no_key=True).get(pk=recovery_id)
        if recovery.state != RecoveryState.RUNNING:
            return False
        for destination_id in _aims(recovery):
            if sent := _send_batch(recovery, destination_id):
                recovery.done = F("done") + sent
                recovery.due_at = clock.now() + LEASE
                recovery.save(update_fields=["done", "due_at"])
                nudge("developers.deliver_due")
                return True
        _rest(recovery)
        return False


def _rest(recovery: Recovery) -> None:
    """Nothing was free to be sent: it is done, unless somebody else holds some of it just now."""
    now = clock.now()
    if any(_open(recovery, aim).exists() for aim in _aims(recovery)):
        recovery.due_at = now + PAUSE
    else:
        recovery.state, recovery.finished_at = RecoveryState.DONE, now
    recovery.save(update_fields=["state", "finished_at", "due_at"])


def _aims(recovery: Recovery) -> list[UUID]:
    if recovery.destination_id is None:
        return _receivers(recovery.environment_id)
    return [recovery.destination_id]


def _receivers(environment_id: UUID) -> list[UUID]:
    here = Destination.objects.filter(environment=environment_id, removed_at=None)
    return list(here.order_by("pk").values_list("pk", flat=True))


def _open(recovery: Recovery, destination_id: UUID) -> QuerySet[Delivery]:
    """Given up before the recovery was asked for, so that it ends; erased payloads stay."""
    return Delivery.objects.filter(
        destination=destination_id,
        destination__removed_at=None,
        state=DeliveryState.EXHAUSTED,
        created_at__gte=recovery.since,
        created_at__lte=recovery.created_at,
        finished_at__lte=recovery.created_at,
        event__erased_at=None,
    )


def _send_batch(recovery: Recovery, destination_id: UUID) -> int:
    waiting = _open(recovery, destination_id)
    if not waiting.exists():
        return 0
    destination = _locked(destination_id)
    if destination.removed_at:
        return 0
    rows = _with_event(waiting.order_by("-created_at", "-pk"))[:BATCH]
    return _renew(Delivery.objects.filter(pk__in=[row.pk for row in rows]), destination)


def _with_event(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Locked together with their events, so that no payload is erased meanwhile."""
    locked = rows.select_for_update(of=("self", "event"), no_key=True, skip_locked=True)
    return locked.select_related("event").defer("event__body")


def _renew(rows: QuerySet[Delivery], destination: Destination) -> int:
    enabled = destination.state == DestinationState.ENABLED
    return rows.update(
        state=DeliveryState.DUE if enabled else DeliveryState.HELD,
        due_at=clock.now(),
        claim=None,
        round_count=0,
        finished_at=None,
    )


def _is_being_sent(delivery: Delivery) -> bool:
    return delivery.state == DeliveryState.CLAIMED and delivery.due_at > clock.now()


def _locked(destination_id: UUID) -> Destination:
    locked = Destination.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("environment__company").get(pk=destination_id)
