"""Production says in sentences what is missing, all at once, and starts when nothing is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from terra_portal.crypto import new_key
from terra_portal.environment import (
    COUNTING,
    PATIENCE,
    REDIS,
    REQUIRED,
    provider_hosts,
    rate,
    shared_cache,
)
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
        ("API_RATE_LIMIT", "lots", "API_RATE_LIMIT must be requests for a time, like 6000/m"),
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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("6000/m", (6000, 60)),
        ("10/s", (10, 1)),
        ("100/10s", (100, 10)),
        (" 5/2h ", (5, 7200)),
        ("1/d", (1, 86_400)),
        ("", None),
        ("  ", None),
    ],
)
def test_a_limit_is_requests_and_seconds(given: str, expected: tuple[int, int] | None) -> None:
    assert rate("API_RATE_LIMIT", given) == expected


@pytest.mark.parametrize(
    "given", ["0/m", "10", "10/", "/m", "10/0s", "-1/m", "1.5/m", "10/w", "10 per minute", "m/10"]
)
def test_a_limit_that_cannot_be_read_is_refused(given: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="API_RATE_LIMIT must be"):
        rate("API_RATE_LIMIT", given)


def cache(url: str, *, broker: str) -> dict[str, Any]:
    given = environ.Env()
    given.ENVIRON = {"CACHE_URL": url} if url else {}
    return shared_cache(given, broker=broker)


@pytest.mark.parametrize(
    ("broker", "location"),
    [
        ("redis://:secret@broker:6379/3", "redis://:secret@broker:6379/3"),
        ("redis://one:6379/0;redis://two:6379/0", "redis://one:6379/0"),
        (
            "rediss://broker:6380/0?ssl_cert_reqs=CERT_REQUIRED",
            "rediss://broker:6380/0?ssl_cert_reqs=required",
        ),
    ],
)
def test_the_broker_s_redis_is_the_cache_too(broker: str, location: str) -> None:
    assert cache("", broker=broker) == {
        "BACKEND": REDIS,
        "LOCATION": location,
        "KEY_PREFIX": "portal",
        "OPTIONS": PATIENCE,
    }


@pytest.mark.parametrize("broker", ["amqp://broker", "sentinel://broker"])
def test_beside_another_broker_a_table_is_the_cache(broker: str) -> None:
    assert cache("", broker=broker) == {"BACKEND": COUNTING, "LOCATION": "cache"}


def test_the_demo_s_cache_is_its_own_memory() -> None:
    assert cache("", broker="memory://")["BACKEND"].endswith("LocMemCache")


def test_a_cache_that_is_named_is_taken() -> None:
    url = "redis://cache:6379/1?socket_timeout=5"
    assert cache(url, broker="redis://b/0") == {
        "BACKEND": REDIS,
        "LOCATION": url,
        "KEY_PREFIX": "portal",
        "OPTIONS": PATIENCE,
    }
    assert cache("dbcache://mine", broker="redis://b/0") == {
        "BACKEND": COUNTING,
        "LOCATION": "mine",
    }
