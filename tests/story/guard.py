"""Notices queries of tenant tables that run on nobody's behalf."""

import re
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from terra_portal import tenancy

# Read before a tenant is known: who is asking, and of which company's which environment.
BEFORE_A_TENANT = {"developers_apikey", "developers_auditentry"}


def tenant_tables() -> set[str]:
    """Those whose rows belong to one environment."""
    models = [*apps.get_app_config("connections").get_models()]
    models += [*apps.get_app_config("developers").get_models()]
    owned = {
        model._meta.db_table
        for model in models
        if any(field.name == "environment" for field in model._meta.get_fields())
    }
    return owned - BEFORE_A_TENANT


class Guard:
    """Collects what other threads than the test's own do outside any `tenancy` scope."""

    def __init__(self) -> None:
        self.tables = tenant_tables()
        self.home = threading.get_ident()
        self.seen = 0
        self.strays: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        touched = set(re.findall(r'(?:FROM|JOIN|INTO|UPDATE) "(\w+)"', sql)) & self.tables
        if touched and threading.get_ident() != self.home:
            self.seen += 1
            if tenancy.current() is None:
                ours = [
                    f"{frame.filename}:{frame.lineno} {frame.name}"
                    for frame in traceback.extract_stack()
                    if "/site-packages/" not in frame.filename and "/lib/" not in frame.filename
                ]
                self.strays.append(f"{sorted(touched)} from {ours[-3:-1]}")
        return execute(sql, params, many, context)

    def install(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.append(self)


@contextmanager
def guarded() -> Iterator[Guard]:
    """Every connection that is opened inside is watched."""
    guard = Guard()
    connection_created.connect(guard.install)
    try:
        yield guard
    finally:
        connection_created.disconnect(guard.install)
