"""Two companies, each with one object of every kind that the API knows by an id."""

from dataclasses import dataclass
from typing import Any

from connections import disconnect, links
from connections.models import Connection, Revocation
from connections.states import Door
from developers.models import Destination, Environment, Event, Recovery
from developers.states import DeliveryState
from terra_portal import clock, paging
from tests import cast
from tests.api import portal
from tests.api.caller import Caller, new

Names = dict[str, list[str]]


# How many of each kind a tenant has.
KINDS = {
    "user_id": 2,
    "session_id": 1,
    "destination_id": 1,
    "event_id": 1,
    "recovery_id": 1,
    "revocation_id": 1,
    "reference_id": 1,
    "cursor": 2,
}
# What fits at either, so that not every request stops at it.
FITTING: Names = {
    "providers": ["SANDBOX"],
    "resource": ["SANDBOX"],
    "language": ["en"],
    "auth_success_redirect_url": ["https://app.example/yes"],
    "auth_failure_redirect_url": ["https://app.example/no"],
}


@dataclass
class Tenant:
    """`names` are what requests call its objects by, per name of a parameter or field."""

    caller: Caller
    names: Names

    @property
    def credentials(self) -> dict[str, str]:
        return {"dev-id": self.caller.environment.dev_id, "x-api-key": self.caller.api_key}


def tenant(letter: str) -> Tenant:
    """Of two tenants, names of one kind have one length."""
    caller = new(letter)
    environment, reference = caller.environment, f"runner-of-{letter}"
    cast.source(environment, cast.oauth_client())
    user = cast.connection(environment, reference_id=reference)
    ended = _ended(environment, reference)
    session, _ = links.open_session(environment, reference_id=reference)
    destination, event = _told_in_vain(environment, user, reference)
    recovery = Recovery.objects.create(environment=environment, since=clock.now())
    revocation = Revocation.objects.get(user_id=ended.pk)
    names: dict[str, list[Any]] = {
        "user_id": [user.pk, ended.pk],
        "session_id": [session.pk],
        "destination_id": [destination.pk],
        "event_id": [event.pk],
        "recovery_id": [recovery.pk],
        "revocation_id": [revocation.pk],
        "reference_id": [reference],
        "cursor": [
            paging.Cursor(older=True, time=event.occurred_at, id=event.pk),
            paging.Cursor(older=True, time=revocation.recorded_at, id=revocation.pk),
        ],
    }
    return Tenant(caller, {name: [str(value) for value in names[name]] for name in names})


def _ended(environment: Environment, reference: str) -> Connection:
    connection = cast.connection(environment, reference_id=reference)
    disconnect.end(connection.pk, environment=environment, door=Door.API, actor="somebody")
    return connection


def _told_in_vain(
    environment: Environment, user: Connection, reference: str
) -> tuple[Destination, Event]:
    """An event that did not arrive, so that it can be sent again."""
    destination = portal.destination(environment)
    event = portal.event(environment, subject_id=user.pk, reference_id=reference)
    portal.over(event, DeliveryState.EXHAUSTED)
    return destination, event
