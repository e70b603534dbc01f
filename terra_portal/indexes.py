"""How migrations add an index to a table that is in use."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddIndexMeanwhile(migrations.AddIndex):
    """Keeps no writers out where the database can: there may be millions of rows.

    PostgreSQL's CREATE INDEX CONCURRENTLY runs in no transaction, so the migration is not atomic.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        postgresql = schema_editor.connection.vendor == "postgresql"
        how: dict[str, Any] = {"concurrently": True} if postgresql else {}
        schema_editor.add_index(model, self.index, **how)
