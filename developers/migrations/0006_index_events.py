from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddIndexMeanwhile(migrations.AddIndex):
    """Without keeping writers out where the database can: there may be millions of events."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        how = {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, **how)


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs in no transaction.
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
