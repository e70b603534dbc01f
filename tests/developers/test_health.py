"""What outcomes do to a destination, and whom the portal tells."""

import socket
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from pytest_django.fixtures import Settings

from developers.models import Attempt, Delivery, Destination, Environment, Event
from developers.states import DeliveryState, DestinationState, EventType, Role, StoppedBecause
from developers.webhooks import destinations, examples, health
from developers.webhooks.delivery import ERASED, deliver_due
from terra_portal import clock
from tests import cast
from tests.developers.outbox import Receiver, happened, its_turn, only_delivery, receiver
from tests.developers.sink import Sink, sink

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def fresh(receiving: Receiver) -> Destination:
    return Destination.objects.get(pk=receiving.destination.pk)


def fail_for(receiving: Receiver, environment: Environment, *, after: timedelta) -> None:
    """One more event that fails, so much later."""
    receiving.server.status = 500
    with clock.shifted(after):
        happened(environment)
        assert deliver_due() >= 1


def test_410_disables_it_holds_what_comes_and_tells_the_managers(
    environment: Environment, receiving: Receiver, mailoutbox: list[EmailMessage]
) -> None:
    company = environment.company
    company.memberships.create(user=cast.person("admin@a.example"), role=Role.ADMIN)
    company.memberships.create(user=cast.person("developer@a.example"), role=Role.DEVELOPER)
    owner = company.memberships.get(role=Role.OWNER).user.email
    receiving.server.status = 410
    happened(environment)
    assert deliver_due() == 1
    happened(environment)

    destination = fresh(receiving)
    assert (destination.state, destination.stopped_because) == (
        DestinationState.DISABLED,
        StoppedBecause.GONE,
    )
    states = list(Delivery.objects.values_list("state", flat=True))
    assert states == [DeliveryState.HELD] * 2
    with clock.shifted(timedelta(hours=1)):
        assert deliver_due() == 0
    assert Attempt.objects.get().status_code == 410
    health.sweep()
    health.sweep()
    assert sorted(mail.to for mail in mailoutbox) == sorted([["admin@a.example"], [owner]])
    assert "410 Gone" in mailoutbox[0].body
    assert "Held back:    2" in mailoutbox[0].body
    assert str(destination.pk) in mailoutbox[0].body

    receiving.server.status = 200
    destinations.enable(fresh(receiving))
    assert deliver_due() == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.DELIVERED}


def test_failing_is_warned_of_on_the_first_day_and_ends_after_five(
    environment: Environment, receiving: Receiver, mailoutbox: list[EmailMessage]
) -> None:
    fail_for(receiving, environment, after=timedelta(0))
    health.sweep()
    assert mailoutbox == []
    with clock.shifted(health.WARN_AFTER + timedelta(minutes=1)):
        health.sweep()
        health.sweep()
    (warning,) = mailoutbox
    assert "Every webhook to one of your destinations has failed" in warning.body
    fail_for(receiving, environment, after=5 * DAY - timedelta(minutes=1))
    assert fresh(receiving).state == DestinationState.ENABLED
    fail_for(receiving, environment, after=5 * DAY + timedelta(minutes=1))
    destination = fresh(receiving)
    assert (destination.state, destination.stopped_because) == (
        DestinationState.DISABLED,
        StoppedBecause.FAILING,
    )
    with clock.shifted(5 * DAY + timedelta(minutes=2)):
        health.sweep()
    assert [mail.subject for mail in mailoutbox[1:]] == [
        "A webhook destination is disabled: A, testing"
    ]
    attempts = Attempt.objects.count()
    with clock.shifted(7 * DAY):
        assert deliver_due() == 0
    assert set(Delivery.objects.values_list("state", flat=True)) == {DeliveryState.HELD}
    assert Attempt.objects.count() == attempts


def test_one_success_ends_the_failing(
    environment: Environment, receiving: Receiver, mailoutbox: list[EmailMessage]
) -> None:
    fail_for(receiving, environment, after=timedelta(0))
    receiving.server.status = 200
    with clock.shifted(DAY):
        happened(environment)
        deliver_due()
        health.sweep()
    destination = fresh(receiving)
    assert destination.failing_since is None
    assert destination.last_success_at is not None
    fail_for(receiving, environment, after=5 * DAY + timedelta(hours=1))
    assert fresh(receiving).state == DestinationState.ENABLED
    assert mailoutbox == []


def test_no_warning_no_end(environment: Environment, receiving: Receiver) -> None:
    """Where the sweep or the mail server was away, the company has its day of notice first."""
    fail_for(receiving, environment, after=timedelta(0))
    fail_for(receiving, environment, after=6 * DAY)
    assert fresh(receiving).state == DestinationState.ENABLED
    with clock.shifted(6 * DAY):
        health.sweep()
    fail_for(receiving, environment, after=6 * DAY + timedelta(hours=23))
    assert fresh(receiving).state == DestinationState.ENABLED
    fail_for(receiving, environment, after=7 * DAY + timedelta(minutes=1))
    assert fresh(receiving).state == DestinationState.DISABLED


def test_a_mail_server_that_is_away_is_asked_again(
    environment: Environment,
    receiving: Receiver,
    settings: Settings,
    mailoutbox: list[EmailMessage],
) -> None:
    receiving.server.status = 410
    happened(environment)
    deliver_due()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.EMAIL_PORT = closed.getsockname()[1]
    working, settings.EMAIL_HOST = settings.EMAIL_BACKEND, "127.0.0.1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    health.sweep()
    settings.EMAIL_BACKEND = working
    health.sweep()
    assert mailoutbox == []
    with clock.shifted(health.CLAIM + timedelta(seconds=1)):
        health.sweep()
    assert len(mailoutbox) == 1


def test_a_failing_example_is_nobodys_failure(receiving: Receiver) -> None:
    receiving.server.status = 500
    examples.send(receiving.destination, EventType.AUTH)
    assert deliver_due() == 1
    assert fresh(receiving).failing_since is None


def test_a_slow_answer_marks_it_and_a_quick_one_clears_it(
    environment: Environment, receiving: Receiver
) -> None:
    receiving.server.delay = health.SLOW_SECONDS + 0.5
    happened(environment)
    deliver_due()
    assert fresh(receiving).slow_until is not None
    receiving.server.delay = 0
    happened(environment)
    assert deliver_due() == 1
    assert fresh(receiving).slow_until is None


def test_hanging_destinations_keep_nobody_waiting(environment: Environment) -> None:
    """More of them than the quick lane has room for, from the very first request on."""
    others = cast.company("B").environments["testing"]
    with sink() as hanging, sink() as quick:
        hanging.delay = 60
        for _ in range(40):
            receiver(environment, hanging, deadline_seconds=4)
        happened(environment)
        receiver(others, quick)
        for _ in range(10):
            happened(others)
        before = clock.now()
        assert deliver_due() == 50
    theirs = Attempt.objects.filter(delivery__environment=others)
    assert {attempt.status_code for attempt in theirs} == {200}
    # Long before the first of the hanging ones has ended.
    ended = Attempt.objects.filter(delivery__environment=environment).order_by("started_at")[0]
    first_end = ended.started_at + timedelta(milliseconds=ended.duration_ms)
    assert all(before < attempt.started_at < first_end for attempt in theirs)
    assert Destination.objects.filter(slow_until__isnull=False).count() == 40


def test_a_healthy_destination_is_not_written_with_every_delivery(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    deliver_due()
    seen = fresh(receiving).last_success_at
    happened(environment)
    deliver_due()
    assert fresh(receiving).last_success_at == seen
    with clock.shifted(health.SEEN_EVERY + timedelta(seconds=1)):
        happened(environment)
        deliver_due()
    assert fresh(receiving).last_success_at != seen


def test_an_erased_payload_is_given_up_and_says_so(
    environment: Environment, receiving: Receiver
) -> None:
    happened(environment)
    Event.objects.update(body="", erased_at=clock.now())
    assert deliver_due() == 0
    assert receiving.server.arrivals == []
    assert only_delivery().state == DeliveryState.EXHAUSTED
    assert Attempt.objects.get().error == ERASED
    assert fresh(receiving).failing_since is None


def test_a_new_round_begins_the_schedule_anew_and_numbers_on(
    environment: Environment, server: Sink, receiving: Receiver
) -> None:
    server.status = 500
    happened(environment)
    for _ in range(3):
        deliver_due()
        its_turn(only_delivery())
    Delivery.objects.update(round_count=0)
    deliver_due()
    delivery = only_delivery()
    assert (delivery.round_count, delivery.attempt_count) == (1, 4)
    assert delivery.due_at - clock.now() < timedelta(seconds=6)
    assert list(Attempt.objects.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]
