"""No token of a provider stands in a row as it is."""

from collections.abc import Collection

from django.db import connection

from connections.models import ConnectAttempt, Grant, Notice, RevocationDetail, UpstreamRevoke
from developers.models import Event
from tests.properties.stage import Stage


def none_of(issued: Collection[str], stage: Stage) -> None:
    """Spot check: the tables of this example, each row as one text."""
    clients = [client.pk for client in stage.clients]
    environments = [environment.pk for environment in stage.environments]
    grants = [grant.pk for grant in stage.grants()]
    tables = [
        (Grant, "oauth_client_id", clients),
        (Notice, "oauth_client_id", clients),
        (UpstreamRevoke, "grant_id", grants),
        (ConnectAttempt, "environment_id", environments),
        (RevocationDetail, "environment_id", environments),
        (Event, "environment_id", environments),
    ]
    with connection.cursor() as cursor:
        for model, column, keys in tables:
            table = model._meta.db_table
            cursor.execute(
                f"SELECT row_to_json(t)::text FROM {table} t WHERE {column} = ANY(%s)", [keys]
            )
            text = "".join(row[0] for row in cursor.fetchall())
            assert not [token for token in issued if token in text], f"a token stands in {table}"
