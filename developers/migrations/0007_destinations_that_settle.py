from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("developers", "0006_index_events")]

    operations = [
        migrations.AddField(
            model_name="destination",
            name="settle_due_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name="destination",
            index=models.Index(
                condition=models.Q(("settle_due_at__isnull", False)),
                fields=["settle_due_at"],
                name="destination_to_settle",
            ),
        ),
    ]
