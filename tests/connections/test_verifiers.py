"""Every event as a company gets it, verified by the packages that companies verify with."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction

from connections import payloads
from connections.models import ConnectAttempt, Connection, ConnectSession
from connections.states import Attention, CancelReason, End
from developers.models import Destination, Environment
from developers.states import EventType
from developers.webhooks import destinations
from developers.webhooks.delivery import deliver_due
from developers.webhooks.publish import Draft, publish
from terra_portal import clock
from tests import cast
from tests.developers.outbox import Receiver, receiver
from tests.developers.sink import Arrival, sink
from tests.javascript import Node
from tests.story import published
from tests.verifiers import REFUSALS, everybody

pytestmark = pytest.mark.django_db

PACKAGES = {
    "terra-python",
    "standardwebhooks (Python)",
    "svix (Python)",
    "terra-api (JavaScript)",
    "standardwebhooks (JavaScript)",
    "svix (JavaScript)",
}
VALID = dict.fromkeys(PACKAGES, {"valid"})
REFUSED = dict.fromkeys(PACKAGES, REFUSALS)


@pytest.fixture
def environment(db: None) -> Environment:
    return cast.company().environments["testing"]


def drafts(environment: Environment) -> list[Draft]:
    """One of each type, about a person whose name is no plain ASCII."""

    def user() -> Connection:
        return Connection(
            environment=environment,
            provider="GARMIN",
            reference_id='Zoë "🏃" <&> \u2028',
            scopes=["ACTIVITY_EXPORT", "HEALTH_EXPORT"],
            attention=Attention.NEEDS_REAUTH,
        )

    session = ConnectSession(environment=environment, reference_id="Grüße")
    return [
        payloads.auth(user(), session),
        payloads.auth_cancelled(session, CancelReason.ACCESS_DENIED, ConnectAttempt()),
        payloads.ended(user(), End.DISCONNECTED, "api"),
        payloads.ended(user(), End.REVOKED),
        payloads.user_reauth(user(), user(), End.REPLACED),
        payloads.permission_change(user(), before=["A", "B"], after=["B"]),
        payloads.connection_error(user(), Attention.NEEDS_REAUTH.label),
    ]


def arrivals(receiving: Receiver) -> list[Arrival]:
    """What the company's server gets when each type has happened once more."""
    receiving.server.arrivals.clear()
    with transaction.atomic():
        publish(drafts(receiving.destination.environment))
    assert deliver_due() == len(EventType)
    return receiving.server.arrivals


def test_every_type_verifies_with_every_package(environment: Environment, node: Node) -> None:
    with sink() as server:
        receiving = receiver(environment, server)
        found = arrivals(receiving)
        assert everybody(found, receiving.secret, node) == VALID
        bodies = [json.loads(arrival.body) for arrival in found]
        assert sorted(body["type"] for body in bodies) == sorted(EventType.values)
        for body in bodies:
            published.check(body)


@pytest.mark.parametrize("keep_hours", [0, 24])
def test_each_secret_verifies_as_long_as_it_is_valid(
    environment: Environment, node: Node, keep_hours: int
) -> None:
    with sink() as server:
        receiving = receiver(environment, server)
        new = destinations.rotate(receiving.destination, keep_hours=keep_hours)
        during = list(arrivals(receiving))
        assert everybody(during, new, node) == VALID
        assert everybody(during, receiving.secret, node) == (VALID if keep_hours else REFUSED)
        over = clock.now() - timedelta(seconds=1)
        Destination.objects.exclude(previous_secret_until=None).update(previous_secret_until=over)
        after = arrivals(receiving)
        assert everybody(after, new, node) == VALID
        assert everybody(after, receiving.secret, node) == REFUSED


def test_no_package_takes_what_was_changed_or_is_old(environment: Environment, node: Node) -> None:
    with sink() as server:
        receiving = receiver(environment, server)
        destinations.rotate(receiving.destination)
        found = arrivals(receiving)
        assert everybody(changed(found), receiving.secret, node) == REFUSED
        with clock.shifted(timedelta(minutes=-6)):
            stale = everybody(arrivals(receiving), receiving.secret, node)
        assert set(stale) == PACKAGES
        assert not [words for said in stale.values() for words in said if "old" not in words]


def changed(found: Sequence[Arrival]) -> list[Arrival]:
    return [replace(one, body=one.body.replace(b"2022-03-16", b"2022-03-17")) for one in found]
