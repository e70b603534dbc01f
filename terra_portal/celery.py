"""Celery, and the one way to wake it: a nudge after commit. Rows are the queue."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import worker_init
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "terra_portal.settings")

logger = logging.getLogger(__name__)

app = Celery("terra_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_worker_in_this_process = False


def worker_runs_here() -> None:
    """Said by the demo, whose worker shares the process: only then does `memory://` reach one."""
    global _worker_in_this_process
    _worker_in_this_process = True


@worker_init.connect
def refuse_a_lonely_worker(**kwargs: Any) -> None:
    """A worker of its own would wait at `memory://` for messages that never come."""
    if settings.CELERY_BROKER_URL.startswith("memory:") and not _worker_in_this_process:
        raise SystemExit(
            "memory:// reaches only the demo's own process. Set CELERY_BROKER_URL for a worker."
        )


def nudge(task: str, *args: str) -> None:
    """Wakes a worker for rows that this transaction commits; the task is named, not imported.

    A lost nudge costs time, never work: sweeps find the same rows. So a broker that is away is
    logged and does not fail the change that has been committed.
    """
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: str, args: tuple[str, ...]) -> None:
    if settings.CELERY_BROKER_URL.startswith("memory:") and not _worker_in_this_process:
        return
    try:
        app.send_task(task, args=args, retry=False)
    except OperationalError as error:
        logger.warning("broker away, %s waits for its sweep: %s", task, type(error).__name__)
