from uuid import UUID

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Exists, OuterRef

BATCH = 5000


def mark(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Batch after batch, each committed: nobody waits for it, and a second run goes on."""
    events = apps.get_model("developers", "Event").objects.using(schema_editor.connection.alias)
    deliveries = apps.get_model("developers", "Delivery").objects.filter(event=OuterRef("pk"))
    last = UUID(int=0)
    while True:
        ahead = events.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        ids = list(ahead[:BATCH])
        if not ids:
            return
        batch = events.filter(pk__gt=last, pk__lte=ids[-1], is_unwanted=False)
        batch.filter(~Exists(deliveries)).update(is_unwanted=True)
        last = ids[-1]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("developers", "0004_events_without_delivery")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
