"""A provider that rejects the application: an alarm to whoever can help, and an end to nobody."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage

from connections import alarms, applications, clients, tokens
from connections.models import Connection, Grant, OAuthClient
from connections.states import Attention, GrantState
from connections.tokens import TokensUnavailableError
from developers import members
from developers.models import Membership
from developers.states import Role
from terra_portal import clock, tenancy
from tests import cast
from tests.herd import herd, run_out
from tests.threads import run_together
from tests.world import World, work

LATER = clients.REJECTED_PAUSE + timedelta(seconds=1)
A_DAY = timedelta(days=1, minutes=1)


@pytest.fixture
def connected(world: World) -> World:
    cast.person("staff@portal.example", is_staff=True)
    cast.person("left@portal.example", is_staff=True, is_active=False)
    world.connect(world.a)
    run_out(world.grant())
    return world


def seal(world: World, secret: str) -> None:
    """The portal's idea of the secret, changed behind everybody's back."""
    field = OAuthClient._meta.get_field("client_secret")
    sealed = field.sealed_for(world.client.pk, secret)
    OAuthClient.objects.filter(pk=world.client.pk).update(client_secret=sealed)


@pytest.fixture
def rejected(connected: World) -> World:
    seal(connected, "wrong")
    refuse(connected.grant())
    return connected


def refuse(grant: Grant) -> None:
    with pytest.raises(TokensUnavailableError) as caught:
        tokens.fresh(grant.pk)
    assert caught.value.attention == Attention.CLIENT_REJECTED


def now(world: World) -> OAuthClient:
    return OAuthClient.objects.get(pk=world.client.pk)


def to(outbox: list[EmailMessage]) -> list[str]:
    return sorted(address for mail in outbox for address in mail.to)


def refreshes(world: World) -> int:
    return sum(call["grant_type"] == "refresh_token" for call in world.calls("token"))


def test_it_is_remembered_and_ends_nobody(rejected: World) -> None:
    since = now(rejected).rejected_at
    assert since is not None
    for minutes in (2, 4, 6):
        with clock.shifted(timedelta(minutes=minutes)):
            refuse(rejected.grant())

    assert now(rejected).rejected_at == since
    assert rejected.grant().state == GrantState.ACTIVE
    assert rejected.events(rejected.a) == ["auth", "connection_error"]
    assert Connection.objects.get().attention == Attention.CLIENT_REJECTED


def test_a_consent_that_is_rejected_is_an_alarm_too(connected: World) -> None:
    begun = connected.begin(connected.a, "another")
    said = connected.consent(begun)
    seal(connected, "wrong")

    assert connected.complete(begun, said).step == "failed"
    assert now(connected).rejected_at is not None


def test_it_is_tried_once_a_minute_for_all(rejected: World) -> None:
    """Whoever has to wait is marked all the same: nothing can be read."""
    tried = refreshes(rejected)
    others = herd(rejected.client, rejected.b, count=8)
    run_out(*others)

    for other in others:
        refuse(other)
    assert refreshes(rejected) == tried
    marks = Connection.objects.filter(environment=rejected.b).values_list("attention", flat=True)
    assert set(marks) == {Attention.CLIENT_REJECTED}

    with clock.shifted(LATER):
        run_together(*[lambda one=one: refuse(one) for one in others])
    assert refreshes(rejected) == tried + 1


def test_it_is_over_with_the_next_success(rejected: World) -> None:
    seal(rejected, rejected.client.client_secret)
    with clock.shifted(LATER):
        assert rejected.is_alive(tokens.fresh(rejected.grant().pk))

    assert (now(rejected).rejected_at, now(rejected).rejected_until) == (None, None)
    assert Connection.objects.get().attention == ""


def test_it_is_over_with_the_next_consent(rejected: World) -> None:
    seal(rejected, rejected.client.client_secret)
    rejected.connect(rejected.b)

    assert now(rejected).rejected_at is None


def test_a_new_secret_is_tried_at_once(rejected: World) -> None:
    applications.renew(now(rejected), client_secret=rejected.client.client_secret)

    assert rejected.is_alive(tokens.fresh(rejected.grant().pk))


def test_the_staff_hear_of_a_shared_one_once_a_day(
    rejected: World, mailoutbox: list[EmailMessage]
) -> None:
    work()
    assert to(mailoutbox) == ["staff@portal.example"]
    for hours in (1, 10, 23):
        with clock.shifted(timedelta(hours=hours)):
            refuse(rejected.grant())
            work()
    assert len(mailoutbox) == 1

    with clock.shifted(A_DAY):
        refuse(rejected.grant())
        work()
    assert len(mailoutbox) == 2


def test_a_rejection_that_is_over_is_not_told(
    rejected: World, mailoutbox: list[EmailMessage]
) -> None:
    clients.accepted(rejected.client)
    work()

    assert mailoutbox == []
    assert now(rejected).alarm_due_at is None


def test_whoever_brought_it_hears_and_nobody_else(
    connected: World, mailoutbox: list[EmailMessage]
) -> None:
    """Its company's owners and admins: not its developers, no other company on it, no staff."""
    company = connected.alder.company
    owner = Membership.objects.get(company=company, role=Role.OWNER)
    with tenancy.system("members of a test"):
        for role in (Role.ADMIN, Role.DEVELOPER, Role.VIEWER):
            join(owner, f"{role}@alder.example", role)
        gone = join(owner, "gone@alder.example", Role.ADMIN)
    gone.user.is_active = False
    gone.user.save()
    OAuthClient.objects.filter(pk=connected.client.pk).update(owner=connected.a)
    cast.connection(connected.b, on=connected.grant())
    seal(connected, "wrong")
    refuse(connected.grant())
    work()

    assert to(mailoutbox) == sorted([owner.user.email, "admin@alder.example"])
    mail = mailoutbox[0]
    assert mail.subject == f"Sandbox rejects the application {connected.client.client_id}"
    slug = company.slug
    assert f"http://testserver/c/{slug}/testing/sources/sandbox/" in mail.body
    assert "Environment:  Alder, testing" in mail.body
    assert connected.birch.company.slug not in mail.body


def join(owner: Membership, email: str, role: Role) -> Membership:
    person = cast.person(email)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return members.add(owner.company, email, role=role, by=owner)


def test_alarms_due_at_once_are_sent_once(rejected: World, mailoutbox: list[EmailMessage]) -> None:
    number = rejected.client.pk
    run_together(*[lambda: alarms.tell_client(number)] * 4)

    assert len(mailoutbox) == 1
