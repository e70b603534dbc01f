"""Where an environment's events go: added, changed, switched, given new secrets, removed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from developers import audit
from developers.models import Destination, Environment, User
from developers.states import DestinationState, EventType, StoppedBecause
from developers.webhooks import endpoint, extra_headers, settle, signing
from terra_portal import clock, tenancy
from terra_portal.errors import InvalidInputError

# Every event is for up to so many, and pages and filters look at all of them at once.
MOST = 50
LONGEST_DEADLINE = 30
# How long an old secret may go on after a rotation.
MOST_HOURS = 168
# What a destination forgets when it begins anew: what it was failing at, or stopped for, is over.
_HEALTHY: dict[str, Any] = {
    "failing_since": None,
    "warned_at": None,
    "alarm_due_at": None,
    "slow_until": None,
}


def add(
    environment: Environment,
    url: str,
    *,
    event_types: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    deadline_seconds: int = 8,
    by: User | None = None,
) -> tuple[Destination, str]:
    """The destination and its signing secret, which is not shown again.

    No event type means every type. Raises InvalidInputError naming `url`, `event_types`,
    `headers` or `deadline_seconds`, or `destinations` where there are MOST already.
    """
    given = {
        "url": endpoint.checked(url, environment),
        "event_types": _known(event_types),
        "headers": extra_headers.stored(headers),
        "deadline_seconds": _deadline(deadline_seconds),
    }
    secret = signing.new_secret()
    with tenancy.environment(environment.pk), transaction.atomic():
        _leave_room(environment)
        destination = Destination.objects.create(
            environment=environment, signing_secret=secret, **given
        )
        _record(destination, "destination.added", by)
    return destination, secret


def change(
    destination: Destination,
    *,
    url: str | None = None,
    event_types: Sequence[str] | None = None,
    headers: Mapping[str, str] | None = None,
    deadline_seconds: int | None = None,
    by: User | None = None,
) -> None:
    """Stores what is given and leaves the rest; from the next attempt on, waiting ones too.

    Another address begins with a clean health. Raises InvalidInputError as `add`, and naming
    `destination` where it has been removed.
    """
    given: dict[str, Any] = {}
    if url is not None:
        given["url"] = endpoint.checked(url, destination.environment)
    if event_types is not None:
        given["event_types"] = _known(event_types)
    if headers is not None:
        given["headers"] = extra_headers.stored(headers)
    if deadline_seconds is not None:
        given["deadline_seconds"] = _deadline(deadline_seconds)
    with tenancy.environment(destination.environment_id), transaction.atomic():
        locked = _present(destination)
        new = {name: value for name, value in given.items() if getattr(locked, name) != value}
        if new:
            _store(destination, new | (_HEALTHY if "url" in new else {}))
            _record(destination, "destination.changed", by)


def rotate(destination: Destination, *, keep_hours: int = 24, by: User | None = None) -> str:
    """The new signing secret, not shown again. The old one signs as well for `keep_hours`.

    At most two are valid: one that an earlier rotation left valid is given up now. Raises
    InvalidInputError naming `keep_hours`, or `destination` where it has been removed.
    """
    if not 0 <= keep_hours <= MOST_HOURS:
        raise InvalidInputError("keep_hours", f"Keep it for 0 to {MOST_HOURS} hours.")
    secret = signing.new_secret()
    with tenancy.environment(destination.environment_id), transaction.atomic():
        old = _present(destination).signing_secret if keep_hours else ""
        until = clock.now() + timedelta(hours=keep_hours) if keep_hours else None
        new = {"signing_secret": secret, "previous_secret": old, "previous_secret_until": until}
        _store(destination, new)
        _record(destination, "destination.secret_rotated", by)
    return secret


def pause(destination: Destination, *, by: User | None = None) -> None:
    """Nothing more is sent; what is due and what comes is held until it is enabled.

    One that is disabled stays so, with its reason.
    """
    with tenancy.environment(destination.environment_id), transaction.atomic():
        if _is_in(destination, DestinationState.ENABLED):
            _hold(destination, DestinationState.PAUSED, StoppedBecause.PAUSED)
            _record(destination, "destination.paused", by)


def stop(destination: Destination, because: StoppedBecause) -> bool:
    """Disables it; what is due and what comes is held. Whether this call has disabled it."""
    with tenancy.environment(destination.environment_id), transaction.atomic():
        if not _is_in(destination, DestinationState.ENABLED, DestinationState.PAUSED):
            return False
        _hold(destination, DestinationState.DISABLED, because)
        _record(destination, "destination.disabled", None)
        return True


def enable(destination: Destination, *, by: User | None = None) -> None:
    """What was held goes out now, and what it failed at or was stopped for is forgotten."""
    with tenancy.environment(destination.environment_id), transaction.atomic():
        if _is_in(destination, DestinationState.PAUSED, DestinationState.DISABLED):
            fresh = {"stopped_because": "", "stopped_at": None, **_HEALTHY}
            _store(destination, {"state": DestinationState.ENABLED, **fresh})
            settle.begin(destination)
            _record(destination, "destination.enabled", by)


def remove(destination: Destination, *, by: User | None = None) -> None:
    """It receives nothing more, and what still waits for it is given up."""
    with tenancy.environment(destination.environment_id), transaction.atomic():
        if _locked(destination).removed_at:
            return
        _store(destination, {"removed_at": clock.now()})
        settle.begin(destination)
        _record(destination, "destination.removed", by)


def old_secret_until(destination: Destination) -> datetime | None:
    """Until when the secret before the last rotation signs as well; None once that is over."""
    until = destination.previous_secret_until
    return until if until and until > clock.now() else None


def _leave_room(environment: Environment) -> None:
    """The environment is locked until the new one is there: two at once count one another."""
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
    here = Destination.objects.for_environment(environment).filter(removed_at=None)
    if here.count() >= MOST:
        raise InvalidInputError(
            "destinations", f"An environment has at most {MOST}. Remove one that you do not need."
        )


def _hold(destination: Destination, state: DestinationState, because: StoppedBecause) -> None:
    stopped = {"state": state, "stopped_because": because, "stopped_at": clock.now()}
    _store(destination, stopped)
    settle.begin(destination)


def _is_in(destination: Destination, *states: DestinationState) -> bool:
    """Whether the row, now locked, is in one of them; a removed destination is in none."""
    locked = _locked(destination)
    destination.state = locked.state
    return locked.removed_at is None and locked.state in states


def _present(destination: Destination) -> Destination:
    locked = _locked(destination)
    if locked.removed_at:
        raise InvalidInputError("destination", "It has been removed.")
    return locked


def _locked(destination: Destination) -> Destination:
    return Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)


def _store(destination: Destination, changes: Mapping[str, Any]) -> None:
    """Writes these columns alone: the caller's object may be older than the locked row."""
    for name, value in changes.items():
        setattr(destination, name, value)
    destination.save(update_fields=list(changes))


def _record(destination: Destination, action: str, by: User | None) -> None:
    environment = destination.environment
    audit.record(
        environment.company, action, environment=environment, actor=by, subject=destination.url
    )


def _known(event_types: Sequence[str]) -> list[str]:
    for name in event_types:
        if name not in EventType.values:
            raise InvalidInputError("event_types", f"There is no event type “{name[:40]}”.")
    return sorted(set(event_types))


def _deadline(seconds: int) -> int:
    if not 1 <= seconds <= LONGEST_DEADLINE:
        raise InvalidInputError("deadline_seconds", f"Wait 1 to {LONGEST_DEADLINE} seconds.")
    return seconds
