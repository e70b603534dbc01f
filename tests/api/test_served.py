"""The API as production serves it: gunicorn with two processes, on the settings' own defaults."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from django.conf import settings
from django.db import connection

from connections.models import ConnectSession
from developers.companies import CreatedCompany
from tests import cast
from tests.faults.processes import kill
from tests.postgres import database_url
from tests.sandbox.company import wait_until
from tests.sandbox.process import free_port
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60
LARGE = b"r" * 300_000


@dataclass
class Served:
    url: str
    company: CreatedCompany
    log: Path

    def client(self) -> httpx.Client:
        testing = self.company.environments["testing"]
        headers = {"dev-id": testing.dev_id, "x-api-key": self.company.api_keys["testing"]}
        # gunicorn gives an idle connection up after two seconds: each request has its own.
        alone = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(
            base_url=self.url, headers=headers, trust_env=False, timeout=30, limits=alone
        )


@pytest.fixture
def served(transactional_db: None, tmp_path: Path) -> Iterator[Served]:
    """Behind another broker than Redis, so the cache is the table of the database."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS cache")
    url, log = f"http://127.0.0.1:{free_port()}", tmp_path / "log"
    environ = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "terra_portal.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "ENCRYPTION_KEYS": ",".join(settings.ENCRYPTION_KEYS),
        "ALLOWED_HOSTS": "127.0.0.1",
        "PUBLIC_BASE_URL": url,
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": "amqp://127.0.0.1:1",
        "API_RATE_LIMIT": "10/d",
        "STATIC_ROOT": str(tmp_path / "nothing"),
    }
    manage = [sys.executable, "manage.py", "createcachetable"]
    subprocess.run(manage, cwd=settings.BASE_DIR, env=environ, check=True)
    bind = ["--bind", url.removeprefix("http://"), "--workers", "2", "--threads", "4"]
    command = [sys.executable, "-m", "gunicorn", "terra_portal.wsgi", *bind]
    with log.open("w") as said:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environ,
            stdout=said,
            stderr=said,
            text=True,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _answers(url) or process.poll() is not None, PATIENCE_SECONDS)
        assert process.poll() is None, log.read_text()
        yield Served(url, cast.company("A"), log)
    finally:
        kill(process)
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS cache")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_processes_count_together(served: Served) -> None:
    def ask() -> list[int]:
        with served.client() as client:
            return [client.get("/v2/subscriptions").status_code for _ in range(5)]

    statuses = sorted(status for found in run_together(*[ask] * 6) for status in found)

    assert statuses == [200] * 10 + [429] * 20


def test_what_a_server_makes_of_odd_requests(served: Served) -> None:
    session = "/v2/auth/generateWidgetSession"
    as_json = {"content-type": "application/json"}
    with served.client() as client:
        large = client.post(session, content=iter([LARGE] * 5), headers=as_json)
        larger = client.post(session, content=LARGE * 5, headers=as_json)
        in_chunks = client.post(
            session, content=iter([b'{"reference_id":', b' "anna"}']), headers=as_json
        )
        bare = client.head("/v2/subscriptions")
        possible = client.options("/v2/subscriptions")
        broken = client.get("/v2/docs")  # its files were never collected

    answers = [large, larger, in_chunks, bare, possible, broken]
    assert [answer.status_code for answer in answers] == [413, 413, 200, 200, 204, 500]
    assert ConnectSession.objects.get().reference_id == "anna"
    assert len({UUID(answer.headers["terra-reference"]) for answer in answers}) == len(answers)
    for answer in (large, larger, broken):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == "error"
    assert bare.content == b""
    log = served.log.read_text()
    failed = f"[{broken.headers['terra-reference']}] Internal Server Error: /v2/docs"
    assert failed in log
    assert served.company.api_keys["testing"] not in log
