"""The database itself counts users who come and go, from the ones that are here now.

Triggers and first sums are made in one transaction, in which nobody connects or ends: the
table is read once for each index and once for the sums, a few seconds for a million users.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = [
    """
    CREATE FUNCTION connections_count_user() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' AND OLD.state = 'active' THEN
            INSERT INTO connections_usercount (environment_id, provider, change)
            VALUES (OLD.environment_id, OLD.provider, -1);
        END IF;
        IF TG_OP <> 'DELETE' AND NEW.state = 'active' THEN
            INSERT INTO connections_usercount (environment_id, provider, change)
            VALUES (NEW.environment_id, NEW.provider, 1);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER connections_count_user_insert AFTER INSERT ON connections_connection
    FOR EACH ROW WHEN (NEW.state = 'active') EXECUTE FUNCTION connections_count_user()
    """,
    """
    CREATE TRIGGER connections_count_user_update
    AFTER UPDATE OF state, environment_id, provider ON connections_connection
    FOR EACH ROW WHEN (
        (OLD.state, OLD.environment_id, OLD.provider)
        IS DISTINCT FROM (NEW.state, NEW.environment_id, NEW.provider)
    )
    EXECUTE FUNCTION connections_count_user()
    """,
    """
    CREATE TRIGGER connections_count_user_delete AFTER DELETE ON connections_connection
    FOR EACH ROW WHEN (OLD.state = 'active') EXECUTE FUNCTION connections_count_user()
    """,
]
POSTGRESQL_BACK = [
    *(
        f"DROP TRIGGER connections_count_user_{deed} ON connections_connection"
        for deed in ("insert", "update", "delete")
    ),
    "DROP FUNCTION connections_count_user()",
]
COMES = """
    INSERT INTO connections_usercount (environment_id, provider, change)
    SELECT NEW.environment_id, NEW.provider, 1 WHERE NEW.state = 'active';
"""
GOES = """
    INSERT INTO connections_usercount (environment_id, provider, change)
    SELECT OLD.environment_id, OLD.provider, -1 WHERE OLD.state = 'active';
"""
SQLITE = [
    f"""
    CREATE TRIGGER connections_count_user_insert AFTER INSERT ON connections_connection
    BEGIN {COMES} END
    """,
    f"""
    CREATE TRIGGER connections_count_user_update
    AFTER UPDATE OF state, environment_id, provider ON connections_connection
    WHEN (OLD.state, OLD.environment_id, OLD.provider)
        <> (NEW.state, NEW.environment_id, NEW.provider)
    BEGIN {GOES} {COMES} END
    """,
    f"""
    CREATE TRIGGER connections_count_user_delete AFTER DELETE ON connections_connection
    BEGIN {GOES} END
    """,
]
SQLITE_BACK = [
    f"DROP TRIGGER connections_count_user_{deed}" for deed in ("insert", "update", "delete")
]
FIRST_SUMS = """
    INSERT INTO connections_usercount (environment_id, provider, change, folded)
    SELECT environment_id, provider, count(*), %s FROM connections_connection
    WHERE state = 'active' GROUP BY environment_id, provider
"""


def lay(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run(schema_editor, {"postgresql": POSTGRESQL, "sqlite": SQLITE})
    schema_editor.execute(FIRST_SUMS, [True])


def lift(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    run(schema_editor, {"postgresql": POSTGRESQL_BACK, "sqlite": SQLITE_BACK})


def run(schema_editor: BaseDatabaseSchemaEditor, statements: dict[str, list[str]]) -> None:
    for statement in statements[schema_editor.connection.vendor]:
        schema_editor.execute(statement, None)  # no parameters: % is text


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0003_real_wearables"),
        ("developers", "0007_destinations_that_settle"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="connection",
            index=models.Index(
                condition=models.Q(("state", "active")),
                fields=["environment", "created_at", "id"],
                name="connection_walked",
            ),
        ),
        migrations.AddIndex(
            model_name="connection",
            index=models.Index(
                condition=models.Q(("state", "active"), models.Q(("attention", ""), _negated=True)),
                fields=["environment"],
                name="connection_in_need",
            ),
        ),
        migrations.AddIndex(
            model_name="connection",
            index=models.Index(
                condition=models.Q(("paused_at__isnull", False), ("state", "active")),
                fields=["environment"],
                name="connection_paused",
            ),
        ),
        migrations.CreateModel(
            name="UserCount",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "environment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="developers.environment",
                    ),
                ),
                ("provider", models.CharField(max_length=30)),
                ("change", models.BigIntegerField()),
                ("folded", models.BooleanField(db_default=False, default=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["environment", "provider"], name="user_count_of"),
                    models.Index(
                        condition=models.Q(("folded", False)),
                        fields=["id"],
                        name="user_count_to_fold",
                    ),
                ],
            },
        ),
        migrations.RunPython(lay, lift),
    ]
