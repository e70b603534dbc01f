"""The yardstick: the same rows once more, under new ids, by the driver alone."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from psycopg2.extras import execute_values

PAGE = 500


@dataclass(frozen=True)
class Written:
    """Rows of one table, and the columns whose ids have to be others in a copy."""

    rows: models.QuerySet[Any]
    renewed: frozenset[str]


@dataclass(frozen=True)
class Insert:
    statement: str
    rows: list[tuple[Any, ...]]


def copies(written: Iterable[Written]) -> list[Insert]:
    """What was written, ready to be written again: every value is made, nothing is left to do.

    An id that stands in several tables is the same new one in all of them.
    """
    fresh: dict[UUID, UUID] = {}
    return [_copy(one, fresh) for one in written]


def _copy(written: Written, fresh: dict[UUID, UUID]) -> Insert:
    meta = written.rows.model._meta
    names = [field.attname for field in meta.concrete_fields]
    table, *columns = map(connection.ops.quote_name, (meta.db_table, *names))
    rows = [
        tuple(
            fresh.setdefault(value, uuid.uuid4()) if name in written.renewed else value
            for name, value in zip(names, row, strict=True)
        )
        for row in written.rows.values_list(*names)
    ]
    return Insert(f"INSERT INTO {table} ({', '.join(columns)}) VALUES %s", rows)  # noqa: S608


def insert(inserts: Sequence[Insert]) -> None:
    """One transaction, many rows to a statement: the driver's own way of inserting in bulk."""
    with transaction.atomic(), connection.cursor() as cursor:
        for one in inserts:
            execute_values(cursor.cursor, one.statement, one.rows, page_size=PAGE)
