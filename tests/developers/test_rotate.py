"""Rotation of a signing secret: both are valid for a while, and never three."""

from datetime import timedelta

import pytest
from django.db import connection

from developers.models import AuditEntry, Destination, Environment
from developers.webhooks import destinations
from terra_portal import clock
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.threads import run_together

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(environment: Environment) -> Destination:
    return destinations.add(environment, "https://api.example.com/hook")[0]


@pytest.mark.parametrize(("given", "hours"), [(None, 24), (1, 1), (168, 168)])
def test_keeps_the_old_one_for_so_many_hours(
    made: Destination, given: int | None, hours: int
) -> None:
    old, before = made.signing_secret, clock.now()
    new = (
        destinations.rotate(made) if given is None else destinations.rotate(made, keep_hours=hours)
    )
    stored = Destination.objects.get()
    assert new.startswith("whsec_")
    assert (stored.signing_secret, stored.previous_secret) == (new, old)
    until = destinations.old_secret_until(stored)
    assert until is not None
    assert before + timedelta(hours=hours) <= until <= clock.now() + timedelta(hours=hours)


def test_at_once_keeps_nothing(made: Destination) -> None:
    destinations.rotate(made)
    new = destinations.rotate(made, keep_hours=0)
    stored = Destination.objects.get()
    assert (stored.signing_secret, stored.previous_secret) == (new, "")
    assert stored.previous_secret_until is None


def test_rotated_again_the_oldest_ends(made: Destination) -> None:
    first = destinations.rotate(made)
    second = destinations.rotate(made)
    stored = Destination.objects.get()
    assert (stored.signing_secret, stored.previous_secret) == (second, first)


def test_an_object_from_before_keeps_what_was_valid_at_the_rotation(made: Destination) -> None:
    stale = Destination.objects.get()
    first = destinations.rotate(made)
    destinations.rotate(stale)
    assert Destination.objects.get().previous_secret == first


def test_the_old_one_ends_by_itself(made: Destination) -> None:
    destinations.rotate(made)
    Destination.objects.update(previous_secret_until=clock.now())
    assert destinations.old_secret_until(Destination.objects.get()) is None


@pytest.mark.parametrize("hours", [-1, 169])
def test_refuses_other_times_and_changes_nothing(made: Destination, hours: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        destinations.rotate(made, keep_hours=hours)
    assert refused.value.field == "keep_hours"
    stored = Destination.objects.get()
    assert (stored.signing_secret, stored.previous_secret) == (made.signing_secret, "")


def test_both_are_ciphertext_and_neither_is_in_the_audit_log(made: Destination) -> None:
    by, old = cast.person(), made.signing_secret
    new = destinations.rotate(made, by=by)
    with connection.cursor() as cursor:
        cursor.execute("SELECT signing_secret, previous_secret FROM developers_destination")
        (stored,) = cursor.fetchall()
    assert not [text for text in stored if old in text or new in text]
    entry = AuditEntry.objects.get(actor=by)
    assert (entry.action, entry.subject) == ("destination.secret_rotated", made.url)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_leave_the_two_newest(made: Destination) -> None:
    def rotate() -> str:
        return destinations.rotate(Destination.objects.get())

    made_now = run_together(rotate, rotate)
    stored = Destination.objects.get()
    assert {stored.signing_secret, stored.previous_secret} == set(made_now)
