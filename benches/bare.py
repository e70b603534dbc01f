"""The yardstick: the same rows once more, under new ids, by the driver alone."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from psycopg2.extras import execute_values

PAGE = 1000


@dataclass(frozen=True)
class Insert:
    statement: str
    rows: list[tuple[Any, ...]]


def copies(written: Iterable[tuple[models.QuerySet[Any], Sequence[str]]]) -> list[Insert]:
    """What was written, ready to be written again: every value made, nothing left to work out.

    Each query set comes with the columns whose ids are new; an id that stands in several tables
    is the same new one in all of them.
    """
    fresh: dict[UUID, UUID] = {}
    return [_copy(rows, set(renewed), fresh) for rows, renewed in written]


def _copy(rows: models.QuerySet[Any], renewed: set[str], fresh: dict[UUID, UUID]) -> Insert:
    names = [field.attname for field in rows.model._meta.concrete_fields]
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(rows.model._meta.db_table)
    values = [
        tuple(
            fresh.setdefault(value, uuid.uuid4()) if name in renewed else value
            for name, value in zip(names, row, strict=True)
        )
        for row in rows.values_list(*names)
    ]
    return Insert(f"INSERT INTO {table} ({columns}) VALUES %s", values)  # noqa: S608 - our names


def insert(inserts: Sequence[Insert]) -> None:
    """One transaction, the fewest statements: the driver's own way to insert many rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        for one in inserts:
            execute_values(cursor.cursor, one.statement, one.rows, page_size=PAGE)
