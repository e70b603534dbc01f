"""Finds the grants whose time has come: to be revoked upstream, or to be looked at."""

from datetime import timedelta

from connections import finish, liveness, upstream
from connections.models import ConnectAttempt, Grant
from connections.states import AttemptState
from terra_portal import clock, tenancy

CLAIM = timedelta(seconds=60)
BATCH = 100


def grants_due() -> int:
    """One round; a row that another worker has taken meanwhile is left to it."""
    with tenancy.system("sweeping grants"):
        return _revokes() + _probes() + _waiting()


def _revokes() -> int:
    now = clock.now()
    due = Grant.objects.filter(revoke_due_at__lte=now).order_by("revoke_due_at")
    done = 0
    for grant_id in list(due.values_list("pk", flat=True)[:BATCH]):
        mine = Grant.objects.filter(pk=grant_id, revoke_due_at__lte=now)
        if mine.update(revoke_due_at=now + CLAIM):
            upstream.revoke(grant_id)
            done += 1
    return done


def _probes() -> int:
    now = clock.now()
    due = Grant.objects.filter(next_probe_at__lte=now).order_by("next_probe_at")
    done = 0
    for grant_id in list(due.values_list("pk", flat=True)[:BATCH]):
        mine = Grant.objects.filter(pk=grant_id, next_probe_at__lte=now)
        if mine.update(next_probe_at=now + CLAIM):
            liveness.probe(grant_id)
            done += 1
    return done


def _waiting() -> int:
    waiting = ConnectAttempt.objects.filter(state=AttemptState.WAITING, finished_at=None)
    ids = list(waiting.values_list("pk", flat=True)[:BATCH])
    for attempt_id in ids:
        finish.finish(attempt_id)
    return len(ids)
