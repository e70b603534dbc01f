"""Users made by the million are users like any other, and the tables are as they were."""

from argparse import Namespace

import pytest
from django.db import connection as database

from benches import population
from connections import counting
from connections.models import Connection, Grant
from tests import cast

INDEXES = "SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s) ORDER BY 1"
CONSTRAINTS = """
    SELECT conname, convalidated FROM pg_constraint
    WHERE conrelid = ANY(%s::regclass[]) ORDER BY 1
"""


def schema() -> list[object]:
    tables = [Connection._meta.db_table, Grant._meta.db_table]
    found: list[object] = []
    with database.cursor() as cursor:
        for question in (INDEXES, CONSTRAINTS):
            cursor.execute(question, [tables])
            found.append(cursor.fetchall())
    return found


@pytest.mark.django_db(transaction=True)
def test_everybody_is_there_counted_and_known_by_number() -> None:
    before = schema()
    made = population.build(Namespace(users=30, environments=6))
    homes = (made.large, made.long, made.short, made.small)
    assert [home.size for home in homes] == [30, 30, 3, 30]
    assert (made.others, made.users) == (2, 113)
    for home in homes:
        users = Connection.objects.for_environment(home.environment).order_by("created_at")
        ids = [home.user_id(number) for number in range(1, home.size + 1)]
        assert list(users.values_list("pk", flat=True)) == ids
        assert counting.total(home.environment) == home.size
    assert Connection.objects.count() == Grant.objects.count() == made.users
    assert schema() == before
    cast.connection(made.large.environment)
    assert counting.total(made.large.environment) == 31
