"""Production says in sentences what is missing, all at once, and starts when nothing is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from terra_portal.crypto import new_key
from terra_portal.environment import REQUIRED, provider_hosts
from tests.sandbox.process import ROOT

GOOD = {
    "SECRET_KEY": "a" * 60,
    "ENCRYPTION_KEYS": new_key("k1"),
    "ALLOWED_HOSTS": "portal.example",
    "PUBLIC_BASE_URL": "https://portal.example",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/9",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
}


def start(**changes: str | None) -> subprocess.CompletedProcess[str]:
    chosen = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    bare = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "terra_portal.settings"}
    code = "import django; django.setup(); from terra_portal import wsgi"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=bare | chosen, capture_output=True, text=True
    )


def test_starts_with_all_of_them() -> None:
    started = start()
    assert started.returncode == 0, started.stderr


@pytest.mark.parametrize("name", REQUIRED)
def test_each_missing_one_is_named(name: str) -> None:
    refused = start(**{name: None})
    assert refused.returncode != 0
    assert f"Set {name}: " in refused.stderr


def test_all_missing_ones_are_named_at_once() -> None:
    refused = start(**dict.fromkeys(REQUIRED))
    assert all(f"Set {name}: " in refused.stderr for name in REQUIRED)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CELERY_BROKER_URL", "memory://", "must not be memory://"),
        ("DATABASE_URL", "sqlite:///x.sqlite3", "must name PostgreSQL"),
        ("ALLOWED_HOSTS", "*", "must name hosts"),
        ("PUBLIC_BASE_URL", "portal.example", "must be an origin"),
        ("PUBLIC_BASE_URL", "https://portal.example/below", "must be an origin"),
    ],
)
def test_unfit_values_are_refused(name: str, value: str, sentence: str) -> None:
    refused = start(**{name: value})
    assert refused.returncode != 0
    assert sentence in refused.stderr


def test_a_web_server_is_refused_on_the_demo_s_broker(tmp_path: Path) -> None:
    demo = {"TERRA_PORTAL_DEMO": "1", "PORTAL_VAR": str(tmp_path)}
    refused = start(**dict.fromkeys(REQUIRED), **demo)
    assert refused.returncode != 0
    assert "memory:// reaches only the demo's own process" in refused.stderr


def test_a_worker_is_refused_on_the_demo_s_broker(tmp_path: Path) -> None:
    demo = {"TERRA_PORTAL_DEMO": "1", "PORTAL_VAR": str(tmp_path), "PATH": os.environ["PATH"]}
    refused = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "terra_portal", "worker", "--pool", "solo"],
        cwd=ROOT,
        env=demo,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode != 0
    assert "memory:// reaches only the demo's own process" in refused.stderr


def hosts(value: str, sandbox: str = "http://127.0.0.1:8001") -> dict[str, str]:
    given = environ.Env()
    given.ENVIRON = {"PROVIDER_HOSTS": value} if value else {}
    return provider_hosts(given, sandbox)


def test_the_demo_s_sandbox_stands_in_for_every_host_but_those_that_are_named() -> None:
    assert hosts("") == {"*": "http://127.0.0.1:8001/{host}"}
    mine = {"api.fitbit.com": "http://127.0.0.1:9000/fitbit"}
    assert hosts(json.dumps(mine)) == {"*": "http://127.0.0.1:8001/{host}", **mine}
    everywhere = {"*": "http://127.0.0.1:9000/{host}"}
    assert hosts(json.dumps(everywhere)) == everywhere


def test_elsewhere_than_in_the_demo_nothing_stands_in_by_itself() -> None:
    assert hosts("", sandbox="") == {}


@pytest.mark.parametrize("value", ["{", "[]", '"x"', '{"a": "ftp://b"}', '{"a": 1}', '{"a": ""}'])
def test_stand_ins_that_cannot_be_read_are_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="PROVIDER_HOSTS"):
        hosts(value)
