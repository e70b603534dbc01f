"""The flush between transactional tests, on a table that refuses to be emptied."""

from collections.abc import Iterator

import pytest
from django.core.management.color import no_style
from django.db import DatabaseError, connection, transaction

pytestmark = pytest.mark.django_db(transaction=True)

APPEND_ONLY = """
    CREATE TABLE flush_trial (id serial PRIMARY KEY);
    CREATE FUNCTION flush_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'append-only'; END $$;
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON flush_trial
        FOR EACH STATEMENT EXECUTE FUNCTION flush_refuse();
    INSERT INTO flush_trial DEFAULT VALUES;
"""
GONE = "DROP TABLE flush_trial; DROP FUNCTION flush_refuse();"


@pytest.fixture
def append_only(transactional_db: None) -> Iterator[str]:
    run(APPEND_ONLY)
    yield "flush_trial"
    run(GONE)


def run(statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        (found,) = cursor.fetchone()
    return int(found)


def flushed(*tables: str) -> None:
    operations = connection.ops
    statements = operations.sql_flush(no_style(), list(tables))
    operations.execute_sql_flush(statements)


def test_the_flush_empties_it_and_it_refuses_again(append_only: str) -> None:
    flushed(append_only)
    assert count(append_only) == 0
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        run(f"TRUNCATE {append_only}")


def test_an_empty_table_needs_no_statement(append_only: str) -> None:
    flushed(append_only)
    assert connection.ops.sql_flush(no_style(), [append_only]) == []
