"""The test database as other processes reach it."""

from urllib.parse import quote

from django.db import connection


def database_url() -> str:
    """DATABASE_URL of this test's own database, for a worker or server that a test starts."""
    it = {name: quote(str(value), safe="") for name, value in connection.settings_dict.items()}
    return f"postgresql://{it['USER']}:{it['PASSWORD']}@{it['HOST']}:{it['PORT']}/{it['NAME']}"
