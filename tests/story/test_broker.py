"""Step 5 with a real Celery worker, woken by a real broker: no sweep helps it along."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings

from terra_portal.celery import app
from tests.postgres import database_url
from tests.sandbox.company import wait_until
from tests.story.stage import Stage

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(
        settings.CELERY_BROKER_URL.startswith("memory:"),
        reason="needs a broker: CELERY_BROKER_URL=redis://… ./run test -m broker",
    ),
]


@pytest.fixture
def celery_worker_process(stage: Stage) -> Iterator[None]:
    """A worker on this test's own database and queue."""
    options = ["--concurrency=2", "--pool=threads", "--without-mingle", "--purge"]
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "terra_portal", "worker", *options],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
            "TESTS_QUEUE": app.conf.task_default_queue,
            "SANDBOX_URL": stage.world.sandbox.url,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.rstrip().endswith("ready."):
            break
    yield
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert "Traceback" not in said, said


@pytest.mark.usefixtures("celery_worker_process")
def test_a_revocation_reaches_both_within_five_seconds(stage: Stage) -> None:
    stage.person.arrives(stage.a.link("alder-1"))
    stage.person.arrives(stage.b.link("birch-1"))
    stage.a.hears("auth")
    stage.b.hears("auth")

    stage.world.sandbox.control("POST", "revoke", {"account": stage.world.account})

    stage.a.hears("auth", "access_revoked", seconds=5)
    stage.b.hears("auth", "access_revoked", seconds=5)


@pytest.mark.usefixtures("celery_worker_process")
def test_the_last_one_leaves(stage: Stage) -> None:
    user_id = stage.person.arrives(stage.a.link("alder-1"))["user_id"]
    stage.a.deauthenticate(user_id)

    stage.a.hears("auth", "deauth")
    # Telling the company and asking the provider are two tasks; either may be done first.
    wait_until(lambda: stage.consents() == [])
    assert len(stage.world.calls("revoke")) == 1
