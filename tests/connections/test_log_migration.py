"""A log from before its details had a time of their own."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection as database

from connections import log
from connections.models import Revocation, RevocationDetail
from terra_portal import clock
from tests import cast
from tests.dashboard.scene import logged

times = import_module("connections.migrations.0007_revocation_detail_times")


def test_each_detail_gets_the_time_of_its_row(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "BATCH", 2)
    environment = cast.company().environments["testing"]
    for days in range(5):
        logged(environment, recorded_at=clock.now() - timedelta(days=days))
    RevocationDetail.objects.update(recorded_at=clock.now())

    for _ in range(2):
        times.fill(apps, database.schema_editor())

        told = RevocationDetail.objects.values_list("revocation_id", "recorded_at")
        assert set(told) == set(Revocation.objects.values_list("pk", "recorded_at"))


def test_a_detail_of_the_version_before_is_listed_all_the_same(db: None) -> None:
    """Its INSERT does not name the new column, as long as the old processes run."""
    environment = cast.company().environments["testing"]
    _, row = logged(environment)
    RevocationDetail.objects.all().delete()
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO connections_revocationdetail"
            " (id, revocation_id, environment_id, reference_id, actor, evidence)"
            " VALUES (gen_random_uuid(), %s, %s, 'Ada', '', '')",
            [row.pk, environment.pk],
        )

    assert list(log.entries(environment, reference_id="Ada")) == [row]
