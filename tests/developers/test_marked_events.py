"""Events from before `is_unwanted` are marked by their migration, batch after batch."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from developers.models import Environment, Event
from developers.states import DeliveryState
from tests.developers import backlog

migration = import_module("developers.migrations.0005_mark_events_without_delivery")


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.django_db(transaction=True)
def test_those_without_a_delivery_and_no_other(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(migration, "BATCH", batch)
    to = backlog.target(environment)
    lonely = {backlog.event(environment).pk for _ in range(3)}
    for state in DeliveryState:
        backlog.delivery(to, state)
    for _ in range(2):
        with connection.schema_editor() as editor:
            migration.mark(apps, editor)
        assert set(Event.objects.filter(is_unwanted=True).values_list("pk", flat=True)) == lonely
