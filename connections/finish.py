"""The last step of an attempt, in one transaction: connected, waiting, or failed."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from connections import grants, liveness, payloads, revocation, schedule, scopes, tokens
from connections.models import (
    ConnectAttempt,
    Connection,
    ConnectionQuerySet,
    ConnectSession,
    Grant,
    UpstreamRevoke,
)
from connections.providers.answers import Probe
from connections.revocation import Cause
from connections.states import (
    AttemptState,
    CancelReason,
    Door,
    End,
    GrantState,
    RevokeOutcome,
)
from developers.models import Environment
from developers.webhooks.publish import publish
from terra_portal import clock, tenancy
from terra_portal.celery import nudge

logger = logging.getLogger(__name__)

REPLACED = "The same wearable account was connected again with the same reference."
LOOKS_AFTER_UNKNOWN_REVOKE = 3


class NeedsCheckError(Exception):
    """A revoke overlapped with this attempt: only a probe that begins now can tell."""

    def __init__(self, grant: Grant) -> None:
        super().__init__(str(grant))
        self.grant = grant


class UnlockedError(Exception):
    """A predecessor on another grant appeared after the grants were locked: once more."""


def finish(attempt_id: UUID) -> ConnectAttempt:
    """Connects an attempt that is past its exchange, if it may be; else says where it stands."""
    with tenancy.system("completing an attempt"):
        try:
            return _finish(attempt_id, checked_at=None)
        except NeedsCheckError as needed:
            return _check(attempt_id, needed.grant)


def _check(attempt_id: UUID, grant: Grant) -> ConnectAttempt:
    began = clock.now()
    tokens.settle(grant.pk)
    grant = Grant.objects.select_related("oauth_client").get(pk=grant.pk)
    answer = liveness.look(grant)
    if answer == Probe.ALIVE:
        return _finish(attempt_id, checked_at=began)
    if answer == Probe.DEAD:
        return fail(attempt_id, CancelReason.PROVIDER_ERROR, ask_again=True)
    return _load(attempt_id)


def _finish(attempt_id: UUID, *, checked_at: datetime | None) -> ConnectAttempt:
    for last_try in (False, True):
        try:
            with transaction.atomic():
                return _step(attempt_id, checked_at)
        except (IntegrityError, UnlockedError):
            # The same account came in through another client at the same moment: the constraint
            # let one in, and now it is there to be seen as the predecessor.
            if last_try:
                raise
    raise AssertionError("unreachable")


def _step(attempt_id: UUID, checked_at: datetime | None) -> ConnectAttempt:
    before = _load(attempt_id)
    if before.grant_id is None or before.state not in grants.PENDING:
        return before
    older = _predecessors(before)
    locked = grants.lock(before.grant_id, *older.values_list("grant_id", flat=True))
    grant = locked[before.grant_id]
    session = ConnectSession.objects.select_for_update().get(pk=before.session_id)
    attempt = _load(attempt_id, lock=True)
    attempt.session.connected_at = session.connected_at
    attempt.session.cancelled_at = session.cancelled_at
    if attempt.state not in grants.PENDING:
        return attempt
    if grant.revoking_until and grant.revoking_until > clock.now():
        return _wait(attempt)
    refusal = _refusal(attempt, grant)
    if refusal is not None:
        return _fail_locked(attempt, refusal, locked)
    if _overlapped(attempt, grant, checked_at):
        raise NeedsCheckError(grant)
    return _connect(attempt, grant, locked)


def _load(attempt_id: UUID, *, lock: bool = False) -> ConnectAttempt:
    rows = ConnectAttempt.objects.select_related("session__environment__company")
    if lock:
        rows = rows.select_for_update(of=("self",))
    return rows.get(pk=attempt_id)


def _predecessors(attempt: ConnectAttempt) -> ConnectionQuerySet:
    assert attempt.grant_id is not None
    grant = Grant.objects.get(pk=attempt.grant_id)
    return Connection.objects.active().filter(
        environment_id=attempt.environment_id,
        provider=attempt.provider,
        provider_user_id=grant.provider_user_id,
        reference_id=attempt.session.reference_id,
    )


def _wait(attempt: ConnectAttempt) -> ConnectAttempt:
    attempt.state = AttemptState.WAITING
    attempt.save(update_fields=["state"])
    return attempt


def _refusal(attempt: ConnectAttempt, grant: Grant) -> CancelReason | None:
    if grant.state in {GrantState.ENDED, GrantState.REVOKING}:
        return CancelReason.ACCESS_DENIED
    if attempt.session.connected_at:
        return CancelReason.SESSION_USED
    if attempt.session.cancelled_at:
        return CancelReason.SESSION_CANCELLED
    nothing = attempt.requested_scopes and not attempt.scopes
    if nothing or not set(attempt.required_scopes) <= set(attempt.scopes):
        return CancelReason.REQUIRED_SCOPES_MISSING
    if _is_full(attempt.environment_id):
        return CancelReason.USER_LIMIT_REACHED
    return None


def _is_full(environment_id: UUID) -> bool:
    environment = Environment.objects.get(pk=environment_id)
    if environment.user_limit is None:
        return False
    # Counted under the row's lock, so that two last places are not taken by three.
    Environment.objects.select_for_update().get(pk=environment_id)
    taken = Connection.objects.for_environment(environment).active().count()
    return taken >= environment.user_limit


def _overlapped(attempt: ConnectAttempt, grant: Grant, checked_at: datetime | None) -> bool:
    # A worker that died in the middle of its call leaves only the time by which it had to end.
    ends = [grant.last_revoke_ended_at, grant.revoking_until]
    ended = max((moment for moment in ends if moment), default=None)
    if ended is None or attempt.claimed_at is None or ended < attempt.claimed_at:
        return False
    return checked_at is None or checked_at < ended


def _connect(attempt: ConnectAttempt, grant: Grant, locked: dict[UUID, Grant]) -> ConnectAttempt:
    now = clock.now()
    old = list(_predecessors(attempt).select_for_update().order_by("pk"))
    if any(one.grant_id not in locked for one in old):
        raise UnlockedError
    revocation.end_locked(old, Cause(End.REPLACED, Door.RECONNECT, REPLACED), tell=False)
    new = Connection(
        pk=attempt.user_id,
        environment_id=attempt.environment_id,
        grant=grant,
        provider=attempt.provider,
        provider_user_id=grant.provider_user_id,
        reference_id=attempt.session.reference_id,
        consented_scopes=attempt.scopes,
        scopes=scopes.effective(attempt.scopes, grant.scopes),
        created_at=now,
    )
    drafts = [payloads.auth(new, attempt.session)]
    drafts += [payloads.user_reauth(one, new, End.REPLACED) for one in old]
    new.save(force_insert=True)
    _activate(grant)
    for one in old:
        if one.grant_id != grant.pk and grants.release(locked[one.grant_id], locked):
            nudge("connections.revoke_upstream", str(one.grant_id))
    ConnectSession.objects.filter(pk=attempt.session_id).update(connected_at=now)
    attempt.session.connected_at = now
    attempt.state = AttemptState.CONNECTED
    attempt.finished_at = now
    attempt.save(update_fields=["state", "finished_at"])
    publish(drafts)
    return attempt


def _activate(grant: Grant) -> None:
    """The first connection holds the grant; a revoke of unknown outcome is watched for a while."""
    last = UpstreamRevoke.objects.filter(grant=grant).order_by("-started_at").first()
    recently = clock.now() - timedelta(minutes=10)
    if last and last.outcome == RevokeOutcome.UNKNOWN and last.ended_at > recently:
        grant.probes_left = LOOKS_AFTER_UNKNOWN_REVOKE
        grant.next_probe_at = clock.now()
        grant.doubted = True
    if grant.state == GrantState.UNHELD:
        grant.state = GrantState.ACTIVE
        schedule.look_later(grant)
    schedule.order_notices(grant)
    grant.revoke_due_at = grant.revoke_deadline = None
    grant.save()
    if grant.doubted:
        nudge("connections.probe", str(grant.pk))


def fail(attempt_id: UUID, reason: CancelReason, *, ask_again: bool = False) -> ConnectAttempt:
    """Ends an attempt without a connection; tokens it brought go back by the counted revoke.

    With `ask_again` the person is asked to authorise once more, and the company hears nothing.
    """
    with tenancy.system("ending an attempt"), transaction.atomic():
        grant_id = _load(attempt_id).grant_id
        locked = grants.lock(grant_id) if grant_id else {}
        attempt = _load(attempt_id, lock=True)
        if attempt.is_finished:
            return attempt
        return _fail_locked(attempt, reason, locked, ask_again=ask_again)


def _fail_locked(
    attempt: ConnectAttempt,
    reason: CancelReason,
    locked: dict[UUID, Grant],
    *,
    ask_again: bool = False,
) -> ConnectAttempt:
    attempt.state = AttemptState.FAILED
    attempt.reason = reason
    # Only a browser that began it can be asked again; of any other attempt the company hears.
    attempt.ask_again = ask_again and bool(attempt.browser_hash)
    attempt.finished_at = clock.now()
    attempt.save(update_fields=["state", "reason", "ask_again", "finished_at"])
    if attempt.grant_id and grants.release(locked[attempt.grant_id], locked):
        nudge("connections.revoke_upstream", str(attempt.grant_id))
    if not attempt.ask_again:
        publish([payloads.auth_cancelled(attempt.session, reason, attempt)])
    return attempt


def sweep(limit: int = 200) -> int:
    """Ends attempts whose time is over; what they brought goes back by the counted revoke."""
    with tenancy.system("sweeping attempts"):
        now = clock.now()
        unfinished = ConnectAttempt.objects.filter(finished_at=None)
        over = unfinished.filter(expires_at__lte=now).order_by("expires_at")[:limit]
        rows = list(over.values_list("pk", "state"))
        for attempt_id, state in rows:
            unconfirmed = state == AttemptState.CONFIRMING
            fail(
                attempt_id,
                CancelReason.NOT_CONFIRMED if unconfirmed else CancelReason.ATTEMPT_EXPIRED,
            )
        return len(rows)


def resume_all(grant_id: UUID) -> int:
    """A revoke has ended: the attempts that waited behind it go on."""
    with tenancy.system("resuming attempts"):
        waiting = ConnectAttempt.objects.filter(grant_id=grant_id, state=AttemptState.WAITING)
        ids = list(waiting.values_list("pk", flat=True))
        for attempt_id in ids:
            finish(attempt_id)
        return len(ids)
