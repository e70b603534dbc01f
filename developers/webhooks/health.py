"""What outcomes do to a destination: slow, failing, warned of, disabled; and the mails of it.

A mail is due as long as its row says so: each arrives at least once, and a lost nudge or a mail
server that is away costs time only.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from developers.models import Delivery, Destination
from developers.states import DeliveryState, DestinationState, Role, StoppedBecause
from developers.webhooks import destinations
from developers.webhooks.results import Try
from terra_portal import clock, mail, moments, tenancy
from terra_portal.celery import nudge

logger = logging.getLogger(__name__)

GONE = 410
# Of nothing but failures. The warning falls on the first day, and comes a day before the end at
# least, also where the mail server was away.
WARN_AFTER = timedelta(hours=12)
DISABLE_AFTER = timedelta(days=5)
NOTICE = timedelta(days=1)
# A success is written down once in so long, not with every delivery.
SEEN_EVERY = timedelta(minutes=1)
# A request that lasts longer makes its destination slow for so long; a quicker one ends that.
SLOW_SECONDS = 1.0
SLOW_FOR = timedelta(minutes=10)
# Longer than a mail server is waited for, so that one mail is not sent by two.
CLAIM = timedelta(seconds=60)


# What outcomes say


def note(tries: Sequence[Try]) -> None:
    """Takes in what came of these attempts; whatever was our own fault says nothing."""
    said = [one for one in tries if not one.is_ours]
    worked = {one.delivery.destination_id for one in said if one.answer.accepted}
    # An example that fails is somebody trying things out.
    failed = {
        one.delivery.destination_id
        for one in said
        if not one.answer.accepted and not one.delivery.event.is_example
    } - worked
    slow = {one.delivery.destination_id for one in said if _is_slow(one)}
    quick = {one.delivery.destination_id for one in said} - slow
    fine = {one.delivery.destination_id for one in said if _was_fine(one.delivery.destination)}
    _store(worked=worked - fine, failed=failed, slow=slow, quick=quick - fine)
    for one in said:
        if one.answer.status == GONE:
            _stop(one.delivery.destination_id, StoppedBecause.GONE)
    if failed:
        for destination_id in _lost(failed):
            _stop(destination_id, StoppedBecause.FAILING)


def mark_slow(destination_ids: Collection[UUID]) -> None:
    """Requests to them hang at this moment: what follows goes by the slow lane."""
    if destination_ids:
        _store(worked=(), failed=(), slow=destination_ids, quick=())


def _was_fine(destination: Destination) -> bool:
    """A success is no news of it, by what was read before the request; the next one's reader sees
    what has changed since then."""
    seen = destination.last_success_at
    is_known = seen is not None and seen > clock.now() - SEEN_EVERY
    return is_known and destination.failing_since is None and destination.slow_until is None


def _is_slow(one: Try) -> bool:
    return one.duration_ms >= SLOW_SECONDS * 1000


def _store(
    *,
    worked: Collection[UUID],
    failed: Collection[UUID],
    slow: Collection[UUID],
    quick: Collection[UUID],
) -> None:
    """Locks and writes only those for which something changes: of a healthy one, next to none."""
    if not (worked or failed or slow or quick):
        return
    now = clock.now()
    known = Q(last_success_at__gt=now - SEEN_EVERY, failing_since=None)
    marked = Q(slow_until__gt=now + SLOW_FOR / 2)
    news = (
        (Q(pk__in=worked) & ~known)
        | Q(pk__in=failed, failing_since=None)
        | (Q(pk__in=slow) & ~marked)
        | Q(pk__in=quick, slow_until__isnull=False)
    )
    changing = Destination.objects.filter(news)
    with transaction.atomic():
        locked = changing.select_for_update(no_key=True).order_by("pk")
        alike: defaultdict[frozenset[tuple[str, datetime | None]], list[UUID]] = defaultdict(list)
        for pk, failing_since in locked.values_list("pk", "failing_since"):
            changes: dict[str, datetime | None] = {}
            if pk in worked:
                changes = {"last_success_at": now, "failing_since": None, "warned_at": None}
            elif pk in failed:
                changes = {"failing_since": failing_since or now}
            if pk in slow:
                changes["slow_until"] = now + SLOW_FOR
            elif pk in quick:
                changes["slow_until"] = None
            alike[frozenset(changes.items())].append(pk)
        for same, ids in alike.items():
            Destination.objects.filter(pk__in=ids).update(**dict(same))


def _lost(failed: Collection[UUID]) -> list[UUID]:
    """Those that have just failed once more, after days of nothing else."""
    now = clock.now()
    failing = Destination.objects.filter(
        pk__in=failed,
        state=DestinationState.ENABLED,
        failing_since__lte=now - DISABLE_AFTER,
        warned_at__lte=now - NOTICE,
    )
    return list(failing.order_by("pk").values_list("pk", flat=True))


def _stop(destination_id: UUID, because: StoppedBecause) -> None:
    """Disables it, with a mail. A destination that is stopped or removed stays as it is."""
    with transaction.atomic():
        rows = Destination.objects.select_related("environment__company")
        if destinations.stop(rows.get(pk=destination_id), because):
            logger.warning("destination %s is disabled: %s", destination_id, because.label)
            rows.filter(pk=destination_id).update(alarm_due_at=clock.now())
            nudge("developers.tell_destination", str(destination_id))


# Telling


def sweep() -> int:
    """Finds who is to be warned, and repeats what was lost or not taken by the mail server."""
    with tenancy.system("sweeping the health of destinations"):
        now = clock.now()
        _failing(now).update(alarm_due_at=now)
        due = Destination.objects.filter(alarm_due_at__lte=now)
        ids = list(due.order_by("alarm_due_at").values_list("pk", flat=True))
        for destination_id in ids:
            tell(destination_id)
        return len(ids)


def _failing(now: datetime) -> QuerySet[Destination]:
    return Destination.objects.filter(
        state=DestinationState.ENABLED,
        removed_at=None,
        failing_since__lte=now - WARN_AFTER,
        warned_at=None,
        alarm_due_at=None,
    )


def tell(destination_id: UUID) -> None:
    """Tells the company's owners and admins what is due about it."""
    with tenancy.system("mail about a destination"):
        now = clock.now()
        mine, until = Destination.objects.filter(pk=destination_id), now + CLAIM
        if not mine.filter(alarm_due_at__lte=now).update(alarm_due_at=until):
            return
        destination = mine.select_related("environment__company").get()
        name, told = _what(destination, now)
        if name and not mail.send(name, _managers(destination), _said(destination)):
            return
        mine.filter(alarm_due_at=until).update(alarm_due_at=None, **told)


def _what(destination: Destination, now: datetime) -> tuple[str, dict[str, datetime]]:
    """The mail to send, if it still has a reason, and what is written down once it is out."""
    stopped = destination.stopped_because in (StoppedBecause.GONE, StoppedBecause.FAILING)
    if destination.removed_at:
        return "", {}
    if destination.state == DestinationState.DISABLED and stopped:
        return "destination_disabled", {}
    enabled = destination.state == DestinationState.ENABLED
    if enabled and destination.failing_since and destination.warned_at is None:
        return "destination_failing", {"warned_at": now}
    return "", {}


def _managers(destination: Destination) -> list[str]:
    members = destination.environment.company.memberships.filter(
        role__in=[Role.OWNER, Role.ADMIN], user__is_active=True
    )
    return list(members.order_by("user__email").values_list("user__email", flat=True))


def _said(destination: Destination) -> dict[str, Any]:
    environment, since = destination.environment, destination.failing_since
    waiting = Delivery.objects.filter(
        destination=destination, state__in=[DeliveryState.DUE, DeliveryState.HELD]
    )
    here = {
        "company": environment.company.slug,
        "environment": environment.kind,
        "destination_id": destination.pk,
    }
    return {
        "address": destination.url,
        "environment": f"{environment.company}, {environment.kind}",
        "since": moments.exact(since) if since else "",
        "gone": destination.stopped_because == StoppedBecause.GONE,
        "disabled_on": moments.exact(since + DISABLE_AFTER) if since else "",
        "waiting": waiting.count(),
        "url": f"{settings.PUBLIC_BASE_URL}{reverse('destination', kwargs=here)}",
    }
