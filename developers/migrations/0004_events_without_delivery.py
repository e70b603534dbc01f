from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("developers", "0003_lean_delivery_indexes")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="is_unwanted",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        )
    ]
