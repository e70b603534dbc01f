"""One reference, wanted twice at the same moment: by two changes, or by a change and a connect."""

from collections.abc import Callable
from threading import Event as Signal
from time import sleep
from typing import Any

import pytest
from django.db import transaction

from connections import disconnect, modify
from connections.models import Connection, Revocation
from connections.states import Door, End
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.threads import run_together
from tests.world import World


def rename(user: Connection, reference: str) -> Callable[[], Connection]:
    return lambda: modify.modify(user.pk, environment=user.environment, reference_id=reference)


def references() -> list[str]:
    rows = Connection.objects.active().order_by("reference_id")
    return list(rows.values_list("reference_id", flat=True))


def kinds(results: list[Any]) -> list[str]:
    return sorted(type(one).__name__ for one in results)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_two_want_one_reference(round_: int) -> None:
    """On two grants, so that no common lock but the account's own rows stands between them."""
    place = cast.company().environments["testing"]
    users = [
        cast.connection(place, on=cast.grant(account="one account"), reference_id=name)
        for name in ("a", "b")
    ]

    results = run_together(*[rename(user, "new") for user in users])

    assert kinds(results) == ["Connection", "InvalidInputError"]
    (refused,) = [one for one in results if isinstance(one, InvalidInputError)]
    assert refused.field == "reference_id"
    assert len(references()) == 2
    assert "new" in references()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_two_swap_their_references(round_: int) -> None:
    """Neither waits for the other for ever; each finds the other's reference occupied."""
    place = cast.company().environments["testing"]
    users = [
        cast.connection(place, on=cast.grant(account="one account"), reference_id=name)
        for name in ("a", "b")
    ]

    results = run_together(rename(users[0], "b"), rename(users[1], "a"))

    assert kinds(results) == ["InvalidInputError"] * 2
    assert references() == ["a", "b"]


@pytest.mark.django_db(transaction=True)
def test_who_connects_on_another_grant_is_seen_once_committed() -> None:
    """Only the constraint knows of a row that is not committed yet; the change waits for it."""
    place = cast.company().environments["testing"]
    user = cast.connection(place, on=cast.grant(account="one account"), reference_id="before")
    other = cast.grant(account="one account")
    inserted = Signal()

    def connect() -> None:
        with transaction.atomic():
            cast.connection(place, on=other, reference_id="wanted")
            inserted.set()
            sleep(0.5)

    def change() -> Connection:
        assert inserted.wait(20)
        return rename(user, "wanted")()

    _, changed = run_together(connect, change)

    assert isinstance(changed, InvalidInputError), changed
    assert changed.field == "reference_id"
    assert references() == ["before", "wanted"]


@pytest.mark.parametrize("round_", range(6))
def test_a_connect_and_a_change_want_one_reference(world: World, round_: int) -> None:
    """Either the change is refused, or whoever has the reference first is replaced."""
    user = world.connect(world.a, "before")
    begun = world.begin(world.a, "wanted")
    said = world.consent(begun)

    landing, changed = run_together(lambda: world.complete(begun, said), rename(user, "wanted"))

    assert landing.step == "connected", landing
    new = Connection.objects.get(pk=begun.attempt.user_id)
    assert (new.is_active, new.reference_id) == (True, "wanted")
    user.refresh_from_db()
    if isinstance(changed, InvalidInputError):
        assert changed.field == "reference_id"
        assert (user.is_active, user.reference_id) == (True, "before")
    else:
        assert (user.end_kind, user.reference_id) == (End.REPLACED, "wanted")
        assert Revocation.objects.get().kind == End.REPLACED


def test_a_change_and_an_end_at_once(world: World) -> None:
    user = world.connect(world.a, "before")

    changed, ended = run_together(
        rename(user, "after"),
        lambda: disconnect.end(user.pk, environment=user.environment, door=Door.API),
    )

    assert isinstance(ended, Connection), ended
    assert isinstance(changed, Connection | Connection.DoesNotExist), changed
    user.refresh_from_db()
    assert not user.is_active
    assert user.reference_id == ("after" if isinstance(changed, Connection) else "before")
    assert Revocation.objects.get().detail.reference_id == user.reference_id
