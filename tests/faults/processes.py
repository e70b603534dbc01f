"""Worker processes on this test's own database, and ways to end them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from terra_portal.celery import app
from tests.postgres import database_url
from tests.sandbox.company import wait_until

RECOVERING = """
import sys
import uuid
import django
django.setup()
from developers.webhooks import resend
resend.BATCH = int(sys.argv[2])
print("begin", flush=True)
resend.carry_on(uuid.UUID(sys.argv[1]))
print("end", flush=True)
"""
ROOT = Path(__file__).resolve().parents[2]
SENDING = """
import django
django.setup()
from developers.webhooks.delivery import deliver_due
print("begin", flush=True)
print(deliver_due(), flush=True)
"""


@contextmanager
def sender() -> Iterator[subprocess.Popen[str]]:
    """A process that sends what is due, once; it has begun. Killed at the end if it still runs."""
    with _started([sys.executable, "-c", SENDING], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "begin"
        yield process


@contextmanager
def recoverer(recovery_id: UUID, *, batch: int) -> Iterator[subprocess.Popen[str]]:
    """A process that carries a recovery on, so many deliveries at a time; it has begun."""
    command = [sys.executable, "-c", RECOVERING, str(recovery_id), str(batch)]
    with _started(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "begin"
        yield process


@contextmanager
def celery(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A Celery worker with its beat, ready, on this test's queue."""
    log = folder / f"worker-{len(list(folder.iterdir()))}.log"
    command = ["worker", "--beat", f"--schedule={log}.beat", "--pool=prefork", "--concurrency=2"]
    whole = [sys.executable, "-m", "celery", "-A", "terra_portal", *command, *options]
    # A file: a pipe that nobody reads would hold the worker up when it is full.
    with log.open("w") as said, _started(whole, stdout=said, stderr=said) as process:
        wait_until(lambda: process.poll() is not None or "ready." in log.read_text(), 60)
        assert process.poll() is None, log.read_text()
        yield process


@contextmanager
def _started(command: list[str], **pipes: Any) -> Iterator[subprocess.Popen[str]]:
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "TESTS_QUEUE": app.conf.task_default_queue,
        "SWEEP_SECONDS": "0.5",
    }
    if not settings.CELERY_BROKER_URL.startswith("memory:"):
        environ["CELERY_BROKER_URL"] = settings.CELERY_BROKER_URL
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, text=True, start_new_session=True, **pipes
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to it and its children, at once."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def cut_connections() -> int:
    """Ends every other connection to this test's database; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        # Within one transaction it would show what it showed first.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
