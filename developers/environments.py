"""An environment's settings: what its end users see, and where links may send them back to."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.db import transaction

from developers import audit
from developers.models import Environment, User
from terra_portal.errors import InvalidInputError

MOST_ORIGINS = 50
MOST_PAYLOAD_DAYS = 90
# Schemes that run or read something in the person's own browser instead of leading anywhere.
NEVER = frozenset({"javascript", "data", "file", "vbscript", "blob", "about", "view-source"})
DEFAULT_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\]")
_ACCENT = re.compile(r"#[0-9a-f]{6}")


@transaction.atomic
def update(
    environment: Environment,
    *,
    display_name: str,
    accent: str,
    return_origins: Sequence[str],
    payload_days: int | None = None,
    by: User | None = None,
) -> Environment:
    """Stores the settings, origins in their one spelling and without repeats; `payload_days`
    stays as it is where none is given.

    Raises InvalidInputError naming `display_name`, `accent`, `return_origins` or `payload_days`.
    """
    environment.display_name = _display_name(display_name)
    environment.accent = _accent(accent)
    environment.return_origins = _origins(return_origins)
    if payload_days is not None:
        environment.payload_days = _payload_days(payload_days)
    changed = ["display_name", "accent", "return_origins", "payload_days"]
    environment.save(update_fields=changed)
    audit.record(environment.company, "environment.updated", environment=environment, actor=by)
    return environment


def origin(url: str) -> str:
    """Where a return address leads, in its one spelling: `https://a.example`, `http://[::1]:3000`
    or, of an app's address, `a.app://`. Path, query and fragment fall away, default ports too.

    Raises ValueError for what is no address, carries a password, or has a scheme of NEVER.
    """
    scheme, separator, rest = url.partition(":")
    scheme = scheme.lower()
    if not url.isprintable() or not separator or not _SCHEME.fullmatch(scheme) or scheme in NEVER:
        raise ValueError("not a return address")
    if scheme not in DEFAULT_PORTS:
        return f"{scheme}://"
    split = urlsplit(f"{scheme}:{rest}")
    host = split.netloc.lower()
    name, port = split.hostname or "", split.port
    spelled = f"[{name}]" if ":" in name else name
    if "@" in host or "\\" in url or " " in url or not _HOST.fullmatch(spelled):
        raise ValueError("not a host")
    return f"{scheme}://{spelled}" + ("" if port in (None, DEFAULT_PORTS[scheme]) else f":{port}")


def _display_name(text: str) -> str:
    text = text.strip()
    if len(text) > 100:
        raise InvalidInputError("display_name", "Use at most 100 characters.")
    if not text.isprintable():
        raise InvalidInputError("display_name", "Use letters that people can read, on one line.")
    return text


def _accent(text: str) -> str:
    text = text.strip().lower()
    if text and not _ACCENT.fullmatch(text):
        raise InvalidInputError("accent", "Write the colour as #rrggbb, for example #14532d.")
    return text


def _payload_days(days: int) -> int:
    if not 1 <= days <= MOST_PAYLOAD_DAYS:
        raise InvalidInputError("payload_days", f"Keep them for 1 to {MOST_PAYLOAD_DAYS} days.")
    return days


def _origins(lines: Sequence[str]) -> list[str]:
    wanted = [line.strip() for line in lines if line.strip()]
    if len(wanted) > MOST_ORIGINS:
        raise InvalidInputError("return_origins", f"Keep at most {MOST_ORIGINS} of them.")
    return list(dict.fromkeys(_listed(line) for line in wanted))


def _listed(line: str) -> str:
    """A line of the list: an exact origin or an app scheme, nothing after it."""
    try:
        found = origin(line)
    except ValueError:
        raise InvalidInputError(
            "return_origins",
            f"“{_short(line)}” is neither an origin like https://app.example.com "
            "nor an app scheme like myapp://.",
        ) from None
    beyond = line.partition(":")[2].removeprefix("//")
    web = found.startswith(("http://", "https://"))
    if not web and beyond:
        raise InvalidInputError("return_origins", f"Of “{_short(line)}” list only {found}")
    if web and any(mark in beyond.removesuffix("/") for mark in "/?#"):
        raise InvalidInputError(
            "return_origins",
            f"“{_short(line)}” has a path. List the origin alone: {found}",
        )
    return found


def _short(line: str) -> str:
    return line if len(line) <= 60 else line[:59] + "…"
