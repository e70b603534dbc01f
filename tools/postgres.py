"""A PostgreSQL database for tests, with a role that has no special rights.

`database()` starts a keeper: this module as a process of its own. The keeper prepares the
database, prints its URL, and tidies up when its standard input closes. The operating system
closes that on every way a test run can end, `kill -9` among them.
"""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from tools.cluster import NoPostgresError, running_cluster
from tools.environment import ROOT
from tools.processes import exit_on_signals

PREPARE_SECONDS = 180


@contextmanager
def database(given: str = "") -> Iterator[str]:
    """The URL of a database to derive test databases from: on `given`, else on a new cluster."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tools.postgres", given],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        url = keeper.stdout.readline().strip() if keeper.stdout else ""
        if not url:
            raise SystemExit(1)
        yield url
    finally:
        if keeper.stdin:
            keeper.stdin.close()
        keeper.wait(timeout=PREPARE_SECONDS)


@contextmanager
def plain_role(url: str) -> Iterator[str]:
    """The same server as a role that row-level security binds; a superuser would walk past it.

    A superuser's URL gets a role of its own for this run. A plain role is used as it is.
    """
    name = f"portal_{secrets.token_hex(4)}"
    with _connected(url) as server:
        special, bypasses, creates = _rights(server)
        if not special:
            _refuse_unfit(bypasses=bypasses, creates=creates)
        password = secrets.token_hex(16)
        if special:
            _execute(server, "CREATE ROLE {} LOGIN CREATEDB PASSWORD {}", name, secret=password)
    try:
        yield with_login(url, name, password, database=name) if special else with_name(url, name)
    finally:
        with _connected(url) as server:
            _drop_databases(server, name)
            if special:
                _execute(server, "DROP ROLE {}", name)


def with_name(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="postgresql", path=f"/{name}"))


def with_login(url: str, user: str, password: str, *, database: str) -> str:
    host = urlsplit(url).netloc.rpartition("@")[2]
    netloc = f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"
    return urlunsplit(urlsplit(with_name(url, database))._replace(netloc=netloc))


def clone_database(url: str, *, template: str, name: str) -> None:
    """Makes `name` anew as a copy of `template`: much quicker than migrating once more."""
    with _connected(url) as server:
        _execute(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        _execute(server, "CREATE DATABASE {} TEMPLATE {}", name, template)


def create_database(url: str, name: str) -> None:
    with _connected(url) as server:
        _execute(server, "CREATE DATABASE {}", name)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    server = psycopg2.connect(with_name(url, "postgres"), connect_timeout=10)
    server.autocommit = True
    try:
        yield server
    finally:
        server.close()


def _execute(server: Connection, statement: str, *names: str, secret: str | None = None) -> None:
    parts: list[sql.Composable] = [sql.Identifier(name) for name in names]
    if secret is not None:
        parts.append(sql.Literal(secret))
    with server.cursor() as cursor:
        cursor.execute(sql.SQL(statement).format(*parts))


def _rights(server: Connection) -> tuple[bool, bool, bool]:
    with server.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        special, bypasses, creates = cursor.fetchone() or (False, False, False)
    return bool(special), bool(bypasses), bool(creates)


def _refuse_unfit(*, bypasses: bool, creates: bool) -> None:
    if bypasses:
        raise NoPostgresError("DATABASE_URL's role has BYPASSRLS: take a plain one for the tests.")
    if not creates:
        raise NoPostgresError("DATABASE_URL's role may not create databases: give it CREATEDB.")


def _drop_databases(server: Connection, name: str) -> None:
    with server.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE strpos(datname, %s) > 0", [name])
        left = [row[0] for row in cursor.fetchall()]
    for database_name in left:
        _execute(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", database_name)


def _keep(given: str) -> None:
    if given and urlsplit(given).scheme not in {"postgres", "postgresql"}:
        raise NoPostgresError("The tests run on PostgreSQL; DATABASE_URL names something else.")
    if given:
        with plain_role(given) as url:
            _announce(url)
    else:
        with running_cluster() as cluster, plain_role(cluster) as url:
            _announce(url)


def _announce(url: str) -> None:
    print(url, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    exit_on_signals()
    try:
        _keep(sys.argv[1])
    except (NoPostgresError, psycopg2.OperationalError) as error:
        sys.exit(f"No PostgreSQL for the tests: {error}")
