"""The revocation log: the database itself refuses to change it."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from connections import disconnect
from connections.models import Revocation, RevocationDetail
from connections.states import Door, End
from tests import cast


@pytest.fixture
def row(transactional_db: None) -> Revocation:
    environment = cast.company().environments["testing"]
    user = cast.connection(environment, reference_id="somebody")
    disconnect.end(user.pk, environment=environment, door=Door.API, actor="the API key …abcd")
    return Revocation.objects.get()


def sql(statement: str) -> Callable[[], None]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return run


@pytest.mark.parametrize(
    "change",
    [
        lambda: Revocation.objects.update(kind=End.REVOKED),
        lambda: Revocation.objects.get().save(),
        lambda: sql("DELETE FROM connections_revocation")(),
        lambda: sql("TRUNCATE connections_revocation CASCADE")(),
    ],
    ids=["update", "save", "delete", "truncate"],
)
def test_no_row_changes_or_goes(row: Revocation, change: Callable[[], None]) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    assert Revocation.objects.get().kind == End.DISCONNECTED


def test_a_row_holds_nothing_personal(row: Revocation) -> None:
    stored = " ".join(str(value) for value in vars(row).values())
    assert "somebody" not in stored
    assert "abcd" not in stored
    detail = RevocationDetail.objects.get(revocation=row)
    assert (detail.reference_id, detail.actor) == ("somebody", "the API key …abcd")


def test_the_details_can_be_erased(row: Revocation) -> None:
    assert RevocationDetail.objects.update(reference_id="", actor="", evidence="") == 1
