"""The numbers of users, whoever changes the table and however."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection as database

from connections import counting
from connections.models import Connection, UserCount
from connections.states import ConnectionState, End
from terra_portal import clock
from tests import cast
from tests.connections.offering import Company

MIGRATION = import_module("connections.migrations.0004_user_counts")
ENDED = {"state": ConnectionState.ENDED, "end_kind": End.DISCONNECTED}
ON_SQLITE = """
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from connections import counting
from connections.models import Connection, UserCount
from connections.states import ConnectionState, End
from terra_portal import clock
from tests import cast
assert connection.vendor == "sqlite"
call_command("migrate", verbosity=0)
environment = cast.company("A").environments["testing"]
users = [cast.connection(environment) for _ in range(3)]
cast.ended(environment)
assert counting.by_provider(environment) == {"SANDBOX": 3}
Connection.objects.filter(pk=users[0].pk).update(
    state=ConnectionState.ENDED, end_kind=End.DISCONNECTED, ended_at=clock.now()
)
Connection.objects.filter(pk=users[1].pk).update(reference_id="other")
users[1].refresh_from_db()
users[1].save()
users[2].delete()
assert counting.total(environment) == 1
call_command("migrate", "connections", "0003", verbosity=0)
call_command("migrate", "connections", verbosity=0)
assert counting.total(environment) == 1
users[1].delete()
assert counting.total(environment) == 0
assert counting.fold() == 1
assert UserCount.objects.count() == 0
print("counted")
"""


def test_coming_going_and_moving_are_counted(a: Company, b: Company) -> None:
    users = [cast.connection(a.testing) for _ in range(4)]
    cast.ended(a.testing)
    assert (counting.total(a.testing), counting.total(b.testing)) == (4, 0)

    Connection.objects.filter(pk=users[0].pk).update(ended_at=clock.now(), **ENDED)
    users[1].delete()
    Connection.objects.filter(pk=users[2].pk).update(environment=b.testing)
    Connection.objects.filter(pk=users[3].pk).update(provider="FITBIT")

    assert counting.by_provider(a.testing) == {"FITBIT": 1}
    assert counting.by_provider(b.testing) == {"SANDBOX": 1}


def test_other_changes_write_no_row(a: Company) -> None:
    user = cast.connection(a.testing)
    gone = cast.ended(a.testing)
    before = UserCount.objects.count()

    user.save()
    gone.save()
    gone.delete()
    Connection.objects.update(reference_id="other", sequence=7)

    assert UserCount.objects.count() == before == 1


def test_many_rows_become_one(a: Company, b: Company) -> None:
    for company in (a, b, a):
        for provider in ("SANDBOX", "FITBIT"):
            cast.connection(company.testing, on=cast.grant(cast.oauth_client(provider)))
    leaving = cast.connection(a.production)
    leaving.delete()

    assert counting.fold() == 8
    assert counting.fold() == 0

    sums = UserCount.objects.order_by("change").values_list("change", "folded")
    assert list(sums) == [(1, True), (1, True), (2, True), (2, True)]
    cast.connection(a.testing)
    assert counting.fold() == 1
    assert counting.by_provider(a.testing) == {"FITBIT": 2, "SANDBOX": 3}
    assert counting.total(a.production) == 0
    assert UserCount.objects.count() == 4


def test_more_than_one_batch_is_folded(a: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "BATCH", 3)
    for _ in range(10):
        cast.connection(a.testing)

    assert counting.fold() == 10
    assert list(UserCount.objects.values_list("change", flat=True)) == [10]


def test_the_migration_counts_who_is_here_already(a: Company, b: Company) -> None:
    with database.schema_editor() as editor:
        MIGRATION.lift(apps, editor)
        UserCount.objects.all().delete()
        for company in (a, b, a):
            cast.connection(company.testing)
        cast.ended(b.testing)
        assert not UserCount.objects.exists()
        MIGRATION.lay(apps, editor)

    assert (counting.total(a.testing), counting.total(b.testing)) == (2, 1)
    cast.connection(b.testing)
    assert counting.total(b.testing) == 2


def test_on_the_demos_database(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    for name in ("SECRET_KEY", "ENCRYPTION_KEYS", "CELERY_BROKER_URL", "CACHE_URL"):
        kept.pop(name, None)
    demo = {
        "TERRA_PORTAL_DEMO": "1",
        "PORTAL_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "terra_portal.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", ON_SQLITE],
        cwd=settings.BASE_DIR,
        env=kept | demo,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "counted", done.stderr
