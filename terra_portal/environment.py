"""Reads the process environment. Says in a sentence what is missing, all of it at once."""

import json
import re
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from terra_portal import crypto

REQUIRED = {
    "SECRET_KEY": "a long random string; it signs sessions.",
    "ENCRYPTION_KEYS": "one or more id:base64-of-32-bytes, comma separated, newest first; "
    "they seal tokens and secrets in the database.",
    "ALLOWED_HOSTS": "the host names that the portal answers to, comma separated.",
    "PUBLIC_BASE_URL": "the address that people and providers reach, like https://portal.example.",
    "CELERY_BROKER_URL": "redis://… or amqp://…, which web and workers share.",
    "DATABASE_URL": "postgres://user:password@host:5432/name.",
}

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
REDIS_SCHEMES = ("redis://", "rediss://")
REDIS = "django.core.cache.backends.redis.RedisCache"
DATABASE = "django.core.cache.backends.db.DatabaseCache"
COUNTING = "terra_portal.database_cache.CountingDatabaseCache"
# A cache that is away must not keep a page waiting. An address with times of its own has its way.
PATIENCE = {"socket_connect_timeout": 1, "socket_timeout": 1}


def require_production(env: environ.Env) -> None:
    """Raises ImproperlyConfigured that names every missing or unfit setting."""
    said = [f"Set {name}: {what}" for name, what in REQUIRED.items() if not env.str(name, "")]
    if env.str("CELERY_BROKER_URL", "").startswith("memory:"):
        said.append("CELERY_BROKER_URL must not be memory://: it reaches only its own process.")
    database = env.str("DATABASE_URL", "")
    if database and urlsplit(database).scheme not in {"postgres", "postgresql"}:
        said.append("DATABASE_URL must name PostgreSQL: the promises are kept and tested there.")
    if "*" in env.list("ALLOWED_HOSTS", default=[]):
        said.append("ALLOWED_HOSTS must name hosts; * accepts any Host header.")
    base = urlsplit(env.str("PUBLIC_BASE_URL", "https://portal.example"))
    if base.scheme not in {"http", "https"} or not base.netloc or base.path.strip("/"):
        said.append("PUBLIC_BASE_URL must be an origin, like https://portal.example.")
    if said:
        raise ImproperlyConfigured("Terra Portal cannot start.\n- " + "\n- ".join(said))


def demo_keys(folder: Path) -> dict[str, str]:
    """The demo's own keys, made once and kept beside its data, and the ports it last ran on."""
    path = folder / "keys.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        keys = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "ENCRYPTION_KEYS": crypto.new_key("demo"),
            "SANDBOX_CONTROL_KEY": secrets.token_urlsafe(24),
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(keys, indent=1))
    loaded: dict[str, str] = json.loads(path.read_text())
    ports = folder / "ports.json"
    return loaded | (json.loads(ports.read_text()) if ports.exists() else {})


def provider_hosts(env: environ.Env, sandbox: str) -> dict[str, str]:
    """Where simulated clients find each provider's hosts; `*` stands for every other host.

    What the environment names comes before the sandbox. Raises ImproperlyConfigured.
    """
    given = env.str("PROVIDER_HOSTS", "")
    named: dict[str, str] = {}
    try:
        named = json.loads(given or "{}")
        fits = isinstance(named, dict) and all(_is_web_address(url) for url in named.values())
    except ValueError:
        fits = False
    if not fits:
        raise ImproperlyConfigured(
            "PROVIDER_HOSTS must be a JSON object of hosts and http addresses, like "
            '{"api.fitbit.com": "http://127.0.0.1:9000/fitbit"}.'
        )
    return ({"*": f"{sandbox}/{{host}}"} if sandbox else {}) | named


def rate(name: str, given: str) -> tuple[int, int] | None:
    """`6000/m` → requests and seconds; None where nothing is given. Raises ImproperlyConfigured."""
    if not given.strip():
        return None
    found = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,3})?([smhd])", given.strip())
    if found is None:
        raise ImproperlyConfigured(
            f"{name} must be requests for a time, like 6000/m or 100/10s (s, m, h or d), "
            "or empty for no limit."
        )
    count, times, unit = found.groups()
    return int(count), int(times or 1) * SECONDS[unit]


def shared_cache(env: environ.Env, *, broker: str) -> dict[str, Any]:
    """`CACHE_URL`, or what is there anyway: the broker's Redis, else a table of the database.

    In the demo, whose broker is in its one process, so is the cache.
    """
    given = env.str("CACHE_URL", "")
    if not given and broker.startswith(REDIS_SCHEMES):
        given = broker.partition(";")[0]
    if given.startswith(REDIS_SCHEMES) and "," not in given:
        return _redis(given)
    default = "locmemcache://" if broker.startswith("memory:") else "dbcache://cache"
    cache: dict[str, Any] = env.cache_url_config(given or default)
    if cache["BACKEND"] == DATABASE:
        cache["BACKEND"] = COUNTING
    return cache


def _redis(location: str) -> dict[str, Any]:
    # Celery's spelling of the option; the Redis client takes `required`, `optional` or `none`.
    location = re.sub(r"(?<=ssl_cert_reqs=)CERT_(\w+)", lambda found: found[1].lower(), location)
    return {
        "BACKEND": REDIS,
        "LOCATION": location,
        "KEY_PREFIX": "portal",
        "OPTIONS": dict(PATIENCE),
    }


def _is_web_address(url: object) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else None
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.netloc)
