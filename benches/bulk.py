"""Rows by the million, made by the database itself."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

# What a key or a UNIQUE stands on stays.
INDEXES = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid = ANY(%s::regclass[])
      AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
"""
FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
           format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s',
                  conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[])
"""


@contextmanager
def unburdened(*tables: type[models.Model]) -> Iterator[None]:
    """Inside, nothing is kept up to date or looked up for each row; afterwards all is as it was.

    Indexes and foreign keys are made anew in one go, and triggers that the portal has laid do not
    hear of the rows. Where it fails the database is left without: it was to be thrown away.
    """
    names = [model._meta.db_table for model in tables]
    changes = [*_read(FOREIGN_KEYS, names), *_read(INDEXES, names)]
    triggers = [f"ALTER TABLE {connection.ops.quote_name(name)} %s TRIGGER USER" for name in names]
    for statement in [*(away for away, _ in changes), *(each % "DISABLE" for each in triggers)]:
        execute(statement)
    yield
    for statement in [*(back for _, back in changes), *(each % "ENABLE" for each in triggers)]:
        execute(statement)


def multiply(
    row: models.Model, own: Mapping[str, str], *, source: str, values: list[object]
) -> None:
    """Inserts the unsaved `row` once for each row of `source`, a FROM that takes `values`.

    `own` is what each has of its own: SQL without a per cent sign, by column.
    """
    columns, chosen, alike = [], [], []
    for field in row._meta.concrete_fields:
        column = str(field.column)
        columns.append(connection.ops.quote_name(column))
        chosen.append(own.get(column) or f"CAST(%s AS {field.db_type(connection)})")
        if column not in own:
            alike.append(field.get_db_prep_save(getattr(row, field.attname), connection))
    into = f"{connection.ops.quote_name(row._meta.db_table)} ({', '.join(columns)})"
    execute(f"INSERT INTO {into} SELECT {', '.join(chosen)} {source}", [*alike, *values])


def execute(statement: str, values: Sequence[Any] = ()) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _read(question: str, names: list[str]) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(question, [names])
        found: list[tuple[str, str]] = cursor.fetchall()
    return found
