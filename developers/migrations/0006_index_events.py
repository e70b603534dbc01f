from django.db import migrations, models

from terra_portal.indexes import AddIndexMeanwhile


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("developers", "0005_mark_events_without_delivery")]

    operations = [
        AddIndexMeanwhile(
            model_name="event",
            index=models.Index(
                condition=models.Q(("is_unwanted", True)),
                fields=["environment", "-occurred_at", "-id"],
                name="event_unwanted",
            ),
        ),
        AddIndexMeanwhile(
            model_name="event",
            index=models.Index(
                condition=models.Q(("is_example", True)),
                fields=["environment", "occurred_at"],
                name="event_example",
            ),
        ),
    ]
