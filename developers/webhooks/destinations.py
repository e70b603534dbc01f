"""Where an environment's events go: added, paused, enabled, removed."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
from django.db import transaction

from developers import audit
from developers.models import Delivery, Destination, Environment, User
from developers.states import DeliveryState, DestinationState, EnvironmentKind, EventType
from developers.webhooks import signing
from developers.webhooks.addresses import is_reachable
from terra_portal import clock, tenancy
from terra_portal.celery import nudge
from terra_portal.errors import InvalidInputError

LONGEST_URL = 2000


def add(
    environment: Environment,
    url: str,
    *,
    event_types: Sequence[str] = (),
    by: User | None = None,
) -> tuple[Destination, str]:
    """The destination and its signing secret, which is not shown again.

    Raises InvalidInputError naming `url` or `event_types`.
    """
    url, wanted = _checked(url.strip(), environment), _known(event_types)
    secret = signing.new_secret()
    with tenancy.environment(environment.pk), transaction.atomic():
        destination = Destination.objects.create(
            environment=environment, url=url, signing_secret=secret, event_types=wanted
        )
        _record(destination, "destination.added", by)
    return destination, secret


def pause(destination: Destination, *, by: User | None = None) -> None:
    """Nothing more is sent; what is due and what comes is held until it is enabled."""
    with tenancy.environment(destination.environment_id), transaction.atomic():
        if _turn(destination, DestinationState.PAUSED):
            waiting = Delivery.objects.filter(destination=destination, state=DeliveryState.DUE)
            waiting.update(state=DeliveryState.HELD)
            _record(destination, "destination.paused", by)


def enable(destination: Destination, *, by: User | None = None) -> None:
    """What was held goes out; a retry that was waiting for its time keeps waiting for it."""
    with tenancy.environment(destination.environment_id), transaction.atomic():
        if _turn(destination, DestinationState.ENABLED):
            held = Delivery.objects.filter(destination=destination, state=DeliveryState.HELD)
            held.update(state=DeliveryState.DUE)
            _record(destination, "destination.enabled", by)
            nudge("developers.deliver_due")


def remove(destination: Destination, *, by: User | None = None) -> None:
    """It receives nothing more, and what still waits for it is given up."""
    with tenancy.environment(destination.environment_id), transaction.atomic():
        if _locked(destination).removed_at:
            return
        destination.removed_at = clock.now()
        destination.save(update_fields=["removed_at"])
        waiting = Delivery.objects.filter(
            destination=destination, state__in=[DeliveryState.DUE, DeliveryState.HELD]
        )
        waiting.update(state=DeliveryState.EXHAUSTED, finished_at=destination.removed_at)
        _record(destination, "destination.removed", by)


def _turn(destination: Destination, state: DestinationState) -> bool:
    """Whether this changed the state; a removed destination has none to change."""
    locked = _locked(destination)
    destination.state = locked.state
    if locked.removed_at or locked.state == state:
        return False
    destination.state = state
    destination.save(update_fields=["state"])
    return True


def _locked(destination: Destination) -> Destination:
    return Destination.objects.select_for_update(no_key=True).get(pk=destination.pk)


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


def _checked(url: str, environment: Environment) -> str:
    """Refuses what could never be sent to; names are resolved, and vetted, at each attempt."""
    scheme, host = _parts(url)
    try:
        address = ipaddress.ip_address("127.0.0.1" if _means_loopback(host) else host)
    except ValueError:
        address = None
    if address and not is_reachable(address):
        raise InvalidInputError("url", "Use a public address; this one is private.")
    # Loopback passes here only where the settings open it; it never leaves the machine.
    local = address is not None and address.is_loopback
    if scheme == "http" and not local and environment.kind != EnvironmentKind.TESTING:
        raise InvalidInputError("url", "Outside testing the address must begin with https://.")
    return url


def _parts(url: str) -> tuple[str, str]:
    """Scheme and host of an address that both parsers, the checking and the sending, accept."""
    try:
        split, sent = urlsplit(url), httpx.URL(url)
        usable = split.scheme in {"http", "https"} and split.hostname and split.port != 0
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise InvalidInputError("url", "Write a whole address, like https://api.example.com/hook.")
    if split.username is not None or split.password is not None or "#" in url:
        raise InvalidInputError("url", "Leave out user names, passwords and what follows a #.")
    return split.scheme, sent.host.rstrip(".").lower()


def _means_loopback(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")
