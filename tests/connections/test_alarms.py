"""Alarms to the staff: what the mails say, and that they arrive although things fail."""

import logging
import socket
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from pytest_django.fixtures import Settings

from connections import alarms, brake, incidents, notices, revocation
from connections.models import Incident, Notice, OAuthClient
from connections.revocation import Cause
from connections.states import Door, End
from developers.models import User
from terra_portal import clock, crypto
from tests import cast
from tests.herd import herd
from tests.world import work

pytestmark = pytest.mark.django_db(transaction=True)

DEAD = Cause(End.REVOKED, Door.LIVENESS, "Two probes.")


@pytest.fixture
def staff() -> User:
    cast.person("left@portal.example", is_staff=True, is_active=False)
    cast.person("member@company.example")
    return cast.person("staff@portal.example", is_staff=True)


@pytest.fixture
def client() -> OAuthClient:
    return cast.oauth_client()


def hold(client: OAuthClient, count: int = 8) -> Incident:
    for grant in herd(client, count=count):
        revocation.fan_out(grant.pk, DEAD, authorisation_number=1)
    return Incident.objects.get(oauth_client=client)


def crowd(client: OAuthClient, count: int = 8) -> None:
    for grant in herd(client, count=count):
        notice = Notice.objects.create(
            oauth_client=client,
            kind="revoked",
            provider_user_id=grant.provider_user_id,
            authorisation_number=1,
        )
        notices.decide(notice.pk)


def test_an_incident_is_told_to_all_active_staff_once(
    client: OAuthClient,
    staff: User,
    mailoutbox: list[EmailMessage],
    caplog: pytest.LogCaptureFixture,
) -> None:
    cast.person("second@portal.example", is_staff=True)
    incident = hold(client)
    with caplog.at_level(logging.ERROR):
        work()
    work()

    assert sorted(mail.to for mail in mailoutbox) == [
        ["second@portal.example"],
        ["staff@portal.example"],
    ]
    mail = mailoutbox[0]
    assert mail.subject == f"Ends of connections are held: Sandbox {client.client_id}"
    for line in (
        "Provider:     Sandbox",
        f"Application:  {client.client_id}, the platform's own",
        "Held so far:  3",
        "Let through:  5 in the ten minutes before",
        "Still living: 3, those that are held among them",
        f"http://testserver/admin/connections/incident/{incident.pk}/change/",
    ):
        assert line in mail.body.splitlines()
    incident.refresh_from_db()
    assert (incident.told_at is not None, incident.alarm_due_at) == (True, None)
    errors = [record.getMessage() for record in caplog.records]
    assert [str(incident.pk) in text for text in errors] == [True]


def test_an_incident_of_a_company_s_own_application_says_whose(
    client: OAuthClient, staff: User, mailoutbox: list[EmailMessage]
) -> None:
    OAuthClient.objects.update(owner=cast.company("Ash & Elm").environments["testing"])
    hold(client)
    work()

    assert f"Application:  {client.client_id}, brought by Ash & Elm (testing)" in mailoutbox[0].body


def test_what_is_decided_before_the_mail_is_out_is_not_told(
    client: OAuthClient, staff: User, mailoutbox: list[EmailMessage]
) -> None:
    incidents.discard(hold(client).pk, by=staff)
    work()

    assert mailoutbox == []


def test_a_mail_server_that_is_away_is_asked_again(
    client: OAuthClient,
    staff: User,
    settings: Settings,
    mailoutbox: list[EmailMessage],
    caplog: pytest.LogCaptureFixture,
) -> None:
    incident = hold(client)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.EMAIL_PORT = closed.getsockname()[1]
    working = settings.EMAIL_BACKEND
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    alarms.tell_incident(incident.pk)
    assert "the mail incident was not taken: ConnectionRefusedError" in caplog.text
    incident.refresh_from_db()
    assert incident.told_at is None

    settings.EMAIL_BACKEND = working
    alarms.sweep()
    assert mailoutbox == []
    with clock.shifted(alarms.CLAIM):
        alarms.sweep()
    assert len(mailoutbox) == 1
    incident.refresh_from_db()
    assert incident.told_at is not None


def test_without_staff_an_incident_is_in_the_log(
    client: OAuthClient, caplog: pytest.LogCaptureFixture
) -> None:
    incident = hold(client)
    work()

    assert f"incident {incident.pk}" in caplog.text


def test_a_crowd_of_notices_is_told_once_an_hour(
    client: OAuthClient, staff: User, mailoutbox: list[EmailMessage]
) -> None:
    crowd(client)
    work()
    with clock.shifted(timedelta(minutes=30)):
        crowd(client)
        work()
    assert len(mailoutbox) == 1

    with clock.shifted(alarms.CROWD_EVERY + timedelta(minutes=1)):
        crowd(client)
        work()
    assert len(mailoutbox) == 2
    mail = mailoutbox[0]
    assert mail.subject == f"Many revocations at once: Sandbox {client.client_id}"
    assert "Waiting now:  3" in mail.body.splitlines()
    assert "/admin/connections/notice/?oauth_client__id__exact=" in mail.body


def test_a_crowd_and_a_rejection_are_told_apart(
    client: OAuthClient, staff: User, mailoutbox: list[EmailMessage]
) -> None:
    crowd(client)
    OAuthClient.objects.update(rejected_at=clock.now())
    alarms.raise_rejection(client.pk)
    work()

    subjects = sorted(mail.subject.partition(":")[0].split()[0] for mail in mailoutbox)
    assert subjects == ["Many", "Sandbox"]


def test_no_mail_holds_a_secret(
    client: OAuthClient, staff: User, mailoutbox: list[EmailMessage]
) -> None:
    hold(client)
    crowd(cast.oauth_client())
    OAuthClient.objects.update(rejected_at=clock.now())
    alarms.raise_rejection(client.pk)
    work()

    said = "\n".join(f"{mail.subject}\n{mail.body}" for mail in mailoutbox)
    assert len(mailoutbox) == 4
    stored = OAuthClient.objects.values().filter(pk=client.pk).get()
    for secret in (cast.CLIENT_SECRET, cast.ACCESS_TOKEN, str(stored["client_secret"])):
        assert isinstance(stored["client_secret"], crypto.Sealed)
        assert secret not in said


def test_no_mail_is_sent_inside_a_transaction(client: OAuthClient, staff: User) -> None:
    """Holding an end writes a row and no more: the mail waits for a task."""
    hold(client, count=brake.AT_ONCE + 1)

    assert Incident.objects.get().told_at is None
