"""The database itself refuses to change the revocation log."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = [
    """
    CREATE FUNCTION connections_revocation_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'connections_revocation is append-only: % refused', TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER connections_revocation_append_only
    BEFORE UPDATE OR DELETE ON connections_revocation
    FOR EACH ROW EXECUTE FUNCTION connections_revocation_append_only()
    """,
    """
    CREATE TRIGGER connections_revocation_append_only_truncate
    BEFORE TRUNCATE ON connections_revocation
    FOR EACH STATEMENT EXECUTE FUNCTION connections_revocation_append_only()
    """,
]
POSTGRESQL_BACK = [
    "DROP TRIGGER connections_revocation_append_only_truncate ON connections_revocation",
    "DROP TRIGGER connections_revocation_append_only ON connections_revocation",
    "DROP FUNCTION connections_revocation_append_only()",
]
SQLITE = [
    f"""
    CREATE TRIGGER connections_revocation_append_only_{deed.lower()}
    BEFORE {deed} ON connections_revocation
    BEGIN SELECT RAISE(ABORT, 'connections_revocation is append-only: {deed} refused'); END
    """
    for deed in ("UPDATE", "DELETE")
]
SQLITE_BACK = [
    f"DROP TRIGGER connections_revocation_append_only_{deed}" for deed in ("update", "delete")
]


def lay(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run(schema_editor, {"postgresql": POSTGRESQL, "sqlite": SQLITE})


def lift(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run(schema_editor, {"postgresql": POSTGRESQL_BACK, "sqlite": SQLITE_BACK})


def run(schema_editor: BaseDatabaseSchemaEditor, statements: dict[str, list[str]]) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement, None)  # no parameters: % is text


class Migration(migrations.Migration):
    dependencies = [("connections", "0001_initial")]
    operations = [migrations.RunPython(lay, lift)]
