"""Destinations: which addresses are taken, and what becomes of rows when one is switched."""

import threading

import pytest
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from developers.models import AuditEntry, Delivery, Destination, Environment
from developers.states import DeliveryState, DestinationState, EventType
from developers.webhooks import destinations
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.developers.outbox import Receiver, happened, only_delivery
from tests.threads import run_together

pytestmark = pytest.mark.django_db

UNFIT = [
    "",
    "api.example.com/hook",
    "ftp://api.example.com/",
    "javascript:alert(1)",
    "https://",
    "https://user:word@api.example.com/",
    "https://api.example.com/#part",
    "https://api.example.com:0/",
    "https://api.example.com:70000/",
    "https://api.example.com/a b",
    "https://api.example.com/\x00",
    "https://api.example.com/" + "x" * 2000,
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
]


@pytest.mark.parametrize("url", UNFIT)
def test_an_unfit_address_is_refused_and_nothing_written(
    environment: Environment, url: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        destinations.add(environment, url)
    assert refused.value.field == "url"
    assert not Destination.objects.exists()


@pytest.mark.parametrize(
    ("kind", "taken"), [("testing", True), ("staging", False), ("production", False)]
)
def test_only_testing_takes_plain_http(kind: str, taken: bool) -> None:
    environment = cast.company().environments[kind]
    if taken:
        destinations.add(environment, "http://api.example.com/hook")
    else:
        with pytest.raises(InvalidInputError, match="https"):
            destinations.add(environment, "http://api.example.com/hook")
    destinations.add(environment, "https://api.example.com/hook")
    assert Destination.objects.count() == 1 + taken


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "a.localhost", "LOCALHOST."])
def test_loopback_is_taken_only_where_the_settings_open_it(
    environment: Environment, settings: Settings, host: str
) -> None:
    destinations.add(environment, f"http://{host}:8001/hook")
    settings.WEBHOOKS_ALLOW_LOOPBACK = False
    with pytest.raises(InvalidInputError) as refused:
        destinations.add(environment, f"http://{host}:8001/hook")
    assert refused.value.field == "url"


def test_an_unknown_event_type_is_refused(environment: Environment) -> None:
    with pytest.raises(InvalidInputError) as refused:
        destinations.add(environment, "https://api.example.com/", event_types=["auth", "sleep"])
    assert refused.value.field == "event_types"


def test_the_secret_is_shown_and_stored_as_ciphertext(environment: Environment) -> None:
    made, secret = destinations.add(environment, "https://api.example.com/")
    assert secret.startswith("whsec_")
    with connection.cursor() as cursor:
        cursor.execute("SELECT signing_secret FROM developers_destination")
        ((stored,),) = cursor.fetchall()
    assert secret not in stored
    assert Destination.objects.get().signing_secret == secret == made.signing_secret


def test_each_change_is_in_the_audit_log_once(receiving: Receiver) -> None:
    by = cast.person()
    for change in (destinations.pause, destinations.enable, destinations.remove):
        change(receiving.destination, by=by)
        change(receiving.destination, by=by)
    entries = AuditEntry.objects.filter(actor=by).order_by("at")
    assert [entry.action for entry in entries] == [
        "destination.paused",
        "destination.enabled",
        "destination.removed",
    ]
    assert {entry.subject for entry in entries} == {receiving.destination.url}


def test_removing_gives_up_what_waits(environment: Environment, receiving: Receiver) -> None:
    happened(environment)
    destinations.pause(receiving.destination)
    happened(environment)
    destinations.remove(receiving.destination)
    states = Delivery.objects.values_list("state", flat=True)
    assert list(states) == [DeliveryState.EXHAUSTED] * 2
    destinations.enable(receiving.destination)
    assert list(states.all()) == [DeliveryState.EXHAUSTED] * 2


def test_a_disabled_destination_holds_what_comes(
    environment: Environment, receiving: Receiver
) -> None:
    Destination.objects.update(state=DestinationState.DISABLED)
    happened(environment)
    assert only_delivery().state == DeliveryState.HELD


@pytest.mark.django_db(transaction=True)
def test_an_event_published_while_its_destination_is_enabled_is_not_held_for_good(
    environment: Environment, receiving: Receiver
) -> None:
    """The publisher has seen the pause and commits last; enabling waits for its rows."""
    destinations.pause(receiving.destination)
    seen, enabling = threading.Event(), threading.Event()

    def publisher() -> None:
        with transaction.atomic():
            happened(environment, EventType.DEAUTH)
            seen.set()
            enabling.wait(10)
            # Time for enable() to come as far as it can while this is not committed.
            threading.Event().wait(0.5)

    def enabler() -> None:
        assert seen.wait(10)
        enabling.set()
        destinations.enable(receiving.destination)

    assert run_together(publisher, enabler) == [None, None]
    assert only_delivery().state == DeliveryState.DUE


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_pass_the_bound(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destinations, "MOST", 3)
    url = "https://api.example.com/hook"
    results = run_together(*[lambda: destinations.add(environment, url)] * 6)
    refused = [result for result in results if isinstance(result, InvalidInputError)]
    assert [error.field for error in refused] == ["destinations"] * 3
    assert Destination.objects.count() == 3
