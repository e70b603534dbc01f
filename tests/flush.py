"""How a transactional test empties the database, append-only tables included.

The log's triggers refuse UPDATE, DELETE and TRUNCATE, to its owner as well. The flush, which is
Django's own and never the portal's, takes them off and puts them back in one transaction.
"""

from collections.abc import Sequence
from typing import Any

from django.core.management.color import Style
from django.db.backends.postgresql.operations import DatabaseOperations

# Rows of the framework that are the same after every test; making them again costs the most.
KEPT = {"django_content_type", "auth_permission", "django_migrations"}
# A test that left a transaction open in a thread must fail here, not hang.
LOCK_TIMEOUT = "20s"
# A table without a page on disk has never held a row since it was last emptied.
USED = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
      AND pg_relation_size(oid) > 0 AND relname = ANY(%s)
    ORDER BY relname
"""
GUARDED = """
    SELECT DISTINCT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal
      AND (tgtype & 32) <> 0
    ORDER BY relname
"""


def sql_flush(
    self: DatabaseOperations,
    style: Style,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """Django's `sql_flush`, of the tables that hold anything."""
    quote = self.quote_name
    used = _names(self, USED, [[name for name in tables if name not in KEPT]])
    if not used:
        return []
    guarded = [quote(name) for name in _names(self, GUARDED, [])]
    restart = " RESTART IDENTITY" if reset_sequences else ""
    return [
        f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'",
        *(f"ALTER TABLE {name} DISABLE TRIGGER USER" for name in guarded),
        f"TRUNCATE {', '.join(quote(name) for name in used)}{restart} CASCADE",
        *(f"ALTER TABLE {name} ENABLE TRIGGER USER" for name in guarded),
    ]


def _names(operations: DatabaseOperations, query: str, values: list[Any]) -> list[str]:
    with operations.connection.cursor() as cursor:
        cursor.execute(query, values)
        return [str(row[0]) for row in cursor.fetchall()]
