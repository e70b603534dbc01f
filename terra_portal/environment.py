"""Reads the process environment. Says in a sentence what is missing, all of it at once."""

import json
import secrets
from pathlib import Path
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


def _is_web_address(url: object) -> bool:
    parts = urlsplit(url) if isinstance(url, str) else None
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.netloc)
