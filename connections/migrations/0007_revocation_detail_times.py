"""Each detail of the revocation log gets the time of its row."""

from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery

BATCH = 1000


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """A batch at a time, each its own transaction. May run twice, or stop anywhere."""
    rows = apps.get_model("connections", "Revocation").objects
    details = apps.get_model("connections", "RevocationDetail").objects
    recorded_at = rows.filter(pk=OuterRef("revocation_id")).values("recorded_at")
    batch = _batch(details.order_by("pk"))
    while batch:
        details.filter(pk__in=batch).update(recorded_at=Subquery(recorded_at))
        batch = _batch(details.order_by("pk").filter(pk__gt=batch[-1]))


def _batch(details: models.QuerySet) -> list[UUID]:
    return list(details.values_list("pk", flat=True)[:BATCH])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("connections", "0006_revocation_filters")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
