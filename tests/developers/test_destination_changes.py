"""Destinations: what can be changed of one, what is refused, and what an engine stops."""

from datetime import timedelta

import pytest
from django.db import connection

from developers.models import AuditEntry, Delivery, Destination, Environment
from developers.states import DeliveryState, DestinationState, StoppedBecause
from developers.webhooks import destinations, extra_headers
from terra_portal import clock
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.developers.outbox import Receiver, happened, only_delivery

pytestmark = pytest.mark.django_db

URL = "https://api.example.com/hook"


@pytest.fixture
def made(environment: Environment) -> Destination:
    headers = {"Authorization": "Bearer s3cret"}
    return destinations.add(
        environment, URL, event_types=["auth"], headers=headers, deadline_seconds=20
    )[0]


def test_keeps_what_it_was_given_and_headers_as_ciphertext(made: Destination) -> None:
    stored = Destination.objects.get()
    assert (stored.event_types, stored.deadline_seconds) == (["auth"], 20)
    assert extra_headers.of(stored) == {"Authorization": "Bearer s3cret"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT headers FROM developers_destination")
        ((written,),) = cursor.fetchall()
    assert written.startswith("v1.")
    assert "s3cret" not in written


def test_changes_what_is_given_and_leaves_the_rest(made: Destination) -> None:
    by = cast.person()
    destinations.change(made, url="https://b.example/", by=by)
    destinations.change(made, event_types=[], by=by)
    destinations.change(made, deadline_seconds=30, by=by)
    stored = Destination.objects.get()
    assert (stored.url, stored.event_types, stored.deadline_seconds) == (
        "https://b.example/",
        [],
        30,
    )
    assert extra_headers.of(stored) == {"Authorization": "Bearer s3cret"}
    destinations.change(made, headers={}, by=by)
    assert Destination.objects.get().headers == ""
    assert AuditEntry.objects.filter(actor=by, action="destination.changed").count() == 4


def test_what_stays_the_same_leaves_no_line_in_the_audit_log(made: Destination) -> None:
    headers = {"Authorization": "Bearer s3cret"}
    destinations.change(made, url=URL, event_types=["auth"], headers=headers, deadline_seconds=20)
    assert not AuditEntry.objects.filter(action="destination.changed").exists()


def test_writes_its_own_columns_over_no_newer_ones(made: Destination) -> None:
    before = Destination.objects.get()
    destinations.rotate(made)
    destinations.change(before, deadline_seconds=9)
    stored = Destination.objects.get()
    assert stored.signing_secret == made.signing_secret
    assert stored.deadline_seconds == 9


def test_another_address_begins_with_a_clean_health(made: Destination) -> None:
    now = clock.now()
    Destination.objects.update(failing_since=now, warned_at=now, slow_until=now, alarm_due_at=now)
    destinations.change(made, deadline_seconds=9)
    assert Destination.objects.get().failing_since == now
    destinations.change(made, url="https://b.example/")
    stored = Destination.objects.get()
    assert (stored.failing_since, stored.warned_at) == (None, None)
    assert (stored.slow_until, stored.alarm_due_at) == (None, None)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("url", {"url": "ftp://a.example/"}),
        ("url", {"url": "https://10.0.0.1/"}),
        ("event_types", {"event_types": ["sleep"]}),
        ("headers", {"headers": {"Host": "a"}}),
        ("deadline_seconds", {"deadline_seconds": 0}),
        ("deadline_seconds", {"deadline_seconds": 31}),
    ],
)
def test_refuses_the_same_when_added_and_when_changed(
    made: Destination, environment: Environment, field: str, given: dict[str, object]
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        destinations.change(made, **given)  # type: ignore[arg-type]
    assert refused.value.field == field
    with pytest.raises(InvalidInputError) as refused:
        destinations.add(environment, **{"url": URL, **given})  # type: ignore[arg-type]
    assert refused.value.field == field
    assert Destination.objects.get().url == URL


def test_production_takes_no_plain_http_by_a_change() -> None:
    made, _ = destinations.add(cast.company().environments["production"], URL)
    with pytest.raises(InvalidInputError, match="https"):
        destinations.change(made, url="http://api.example.com/hook")


def test_a_removed_one_cannot_be_changed_or_rotated(made: Destination) -> None:
    destinations.remove(Destination.objects.get())
    for deed in (lambda: destinations.change(made, url=URL), lambda: destinations.rotate(made)):
        with pytest.raises(InvalidInputError) as refused:
            deed()
        assert refused.value.field == "destination"


@pytest.mark.parametrize("because", [StoppedBecause.GONE, StoppedBecause.FAILING])
def test_stopping_holds_what_is_due_and_says_why(
    environment: Environment, receiving: Receiver, because: StoppedBecause
) -> None:
    happened(environment)
    assert destinations.stop(receiving.destination, because) is True
    assert destinations.stop(receiving.destination, because) is False
    stored = Destination.objects.get()
    assert (stored.state, stored.stopped_because) == (DestinationState.DISABLED, because)
    assert stored.stopped_at is not None
    assert only_delivery().state == DeliveryState.HELD
    entry = AuditEntry.objects.get(action="destination.disabled")
    assert (entry.actor, entry.subject) == (None, stored.url)


def test_pausing_one_that_is_disabled_keeps_the_reason(receiving: Receiver) -> None:
    destinations.stop(receiving.destination, StoppedBecause.GONE)
    destinations.pause(receiving.destination)
    stored = Destination.objects.get()
    assert (stored.state, stored.stopped_because) == ("disabled", "gone")


def test_a_paused_one_that_is_gone_is_disabled(receiving: Receiver) -> None:
    destinations.pause(receiving.destination)
    assert Destination.objects.get().stopped_because == StoppedBecause.PAUSED
    destinations.stop(receiving.destination, StoppedBecause.GONE)
    stored = Destination.objects.get()
    assert (stored.state, stored.stopped_because) == ("disabled", "gone")


def test_enabling_forgets_why_and_sends_at_once_what_was_held(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    now = clock.now()
    Destination.objects.update(failing_since=now, warned_at=now, alarm_due_at=now)
    destinations.stop(receiving.destination, StoppedBecause.FAILING)
    Delivery.objects.update(due_at=now + timedelta(hours=20))
    destinations.enable(receiving.destination)
    stored, waiting = Destination.objects.get(), only_delivery()
    assert (stored.state, stored.stopped_because, stored.stopped_at) == ("enabled", "", None)
    assert (stored.failing_since, stored.warned_at, stored.alarm_due_at) == (None, None, None)
    assert waiting.state == DeliveryState.DUE
    assert waiting.due_at <= clock.now()
    assert waiting.attempt_count == 0


def test_what_was_held_goes_out_in_the_order_in_which_it_happened(
    environment: Environment, receiving: Receiver
) -> None:
    destinations.pause(receiving.destination)
    events = [happened(environment).pk for _ in range(3)]
    destinations.enable(receiving.destination)
    line = Delivery.objects.order_by("due_at").values_list("event_id", flat=True)
    assert list(line) == events
