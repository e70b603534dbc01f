"""Django's cache in a table of the database, made fit to count in: for PostgreSQL only."""

import base64
import pickle
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction

# Nothing is written, nor a row locked, where there is one: most requests count on one that is.
ADD = """
    INSERT INTO {table} (cache_key, value, expires)
    SELECT %(name)s, %(value)s, %(until)s
    WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE cache_key = %(name)s AND expires >= now())
    ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
    WHERE {table}.expires < now()
"""
SET = """
    INSERT INTO {table} (cache_key, value, expires) VALUES (%(name)s, %(value)s, %(until)s)
    ON CONFLICT (cache_key) DO UPDATE SET value = excluded.value, expires = excluded.expires
"""
FORGET = """
    DELETE FROM {table} WHERE cache_key IN (
        SELECT cache_key FROM {table} WHERE expires < now() LIMIT 100 FOR UPDATE SKIP LOCKED
    )
"""
READ = "SELECT value FROM {table} WHERE cache_key = %s AND expires >= now() FOR UPDATE"
WRITE = "UPDATE {table} SET value = %s WHERE cache_key = %s"


class CountingDatabaseCache(DatabaseCache):
    """Nothing is lost where several processes count at once, and writing counts no rows.

    Django's own `incr` reads and writes in two steps. Its `add` and `set` count the table each
    time, to cull it; here whoever adds something forgets a few rows that have run out.
    """

    _table: str

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        return self._write(ADD, key, value, timeout, version)

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._write(SET, key, value, timeout, version)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """The row is locked from reading to writing. Raises ValueError if there is none."""
        name = self.make_and_validate_key(key, version=version)
        with transaction.atomic(using=self._database), self._cursor() as cursor:
            cursor.execute(self._sql(READ), [name])
            found = cursor.fetchone()
            if found is None:
                raise ValueError(f"Key {key!r} not found")
            value: int = pickle.loads(base64.b64decode(found[0])) + delta  # noqa: S301
            cursor.execute(self._sql(WRITE), [_packed(value), name])
        return value

    def _write(
        self, statement: str, key: Any, value: Any, timeout: float | None, version: int | None
    ) -> bool:
        name = self.make_and_validate_key(key, version=version)
        expires = self.get_backend_timeout(timeout)
        until = datetime.max if expires is None else datetime.fromtimestamp(expires, UTC)
        row = {"name": name, "value": _packed(value), "until": until}
        with self._cursor() as cursor:
            cursor.execute(self._sql(statement), row)
            written = bool(cursor.rowcount)
            if written:
                cursor.execute(self._sql(FORGET))
        return written

    @property
    def _database(self) -> str:
        return router.db_for_write(self.cache_model_class)

    def _cursor(self) -> Any:
        return connections[self._database].cursor()

    def _sql(self, statement: str) -> str:
        return statement.format(table=connections[self._database].ops.quote_name(self._table))


def _packed(value: Any) -> str:
    """As Django writes it, so that its `get` can read it."""
    return base64.b64encode(pickle.dumps(value, DatabaseCache.pickle_protocol)).decode()
