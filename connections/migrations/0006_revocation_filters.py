"""An index for each way to narrow the revocation log, newest first.

Not atomic: PostgreSQL builds the indexes while others write.
"""

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now

import terra_portal.clock


class AddIndex(migrations.AddIndex):
    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        beside: dict[str, Any] = {}
        if schema_editor.connection.vendor == "postgresql":
            beside["concurrently"] = True
        schema_editor.add_index(model, self.index, **beside)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("connections", "0005_auth_token")]
    operations = [
        # The default is the database's own: processes of the version before go on writing rows.
        migrations.AddField(
            model_name="revocationdetail",
            name="recorded_at",
            field=models.DateTimeField(
                db_default=Now(), default=terra_portal.clock.now, editable=False
            ),
        ),
        migrations.RemoveIndex(model_name="revocationdetail", name="revocation_by_reference"),
        AddIndex(
            model_name="revocationdetail",
            index=models.Index(
                fields=["environment", "reference_id", "-recorded_at", "-revocation"],
                name="revocation_by_reference",
            ),
        ),
        AddIndex(
            model_name="revocation",
            index=models.Index(
                fields=["environment", "door", "-recorded_at", "-id"], name="revocation_by_door"
            ),
        ),
        AddIndex(
            model_name="revocation",
            index=models.Index(
                fields=["environment", "provider", "-recorded_at", "-id"],
                name="revocation_by_provider",
            ),
        ),
    ]
