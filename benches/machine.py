"""What the figures were measured on, as far as it matters to whoever repeats them."""

import os
import platform

from django.db import connection


def busyness() -> str:
    """How much else runs here, asked before a bench adds to it."""
    return f"load average beforehand {os.getloadavg()[0]:.1f}"


def line() -> str:
    """Cores, versions, and whether the server waits for its disk. No names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), current_setting('fsync'), "
            "current_setting('synchronous_commit')"
        )
        version, fsync, commit = cursor.fetchone() or ("?", "?", "?")
    cores = os.cpu_count() or 1
    return (
        f"{cores} core{'s' if cores > 1 else ''}, Python {platform.python_version()}, "
        f"PostgreSQL {version.split()[0]} on the same machine "
        f"(`fsync={fsync}`, `synchronous_commit={commit}`)"
    )
