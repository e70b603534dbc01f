"""Headers of a company's own that its destination gets with every request.

They may carry a secret of the receiver's, so they are stored as ciphertext, and pages show their
names alone.
"""

import json
import re
from collections.abc import Mapping

from developers.models import Destination
from terra_portal.errors import InvalidInputError

MOST = 20
# Of all names and values together.
MOST_BYTES = 4096
# RFC 9110, 5.6.2: a field name is a token.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# What the request itself is made of, and what only the portal may say in it.
RESERVED = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("date", "dev-id", "expect", "hook-type", "host", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade", "user-agent"),
    }
)
RESERVED_PREFIXES = ("proxy-", "terra-", "webhook-", "x-terra-")


def of(destination: Destination) -> dict[str, str]:
    """Name and value of each, as they were given."""
    found: dict[str, str] = json.loads(destination.headers) if destination.headers else {}
    return found


def stored(headers: Mapping[str, str] | None) -> str:
    """What the column `headers` holds; nothing for none.

    Raises InvalidInputError naming `headers`.
    """
    checked: dict[str, str] = {}
    for name, value in (headers or {}).items():
        _check_name(name, {known.lower() for known in checked})
        checked[name] = _checked_value(name, value)
    if len(checked) > MOST:
        raise _unfit(f"Use at most {MOST} headers.")
    if sum(len(name) + len(value) for name, value in checked.items()) > MOST_BYTES:
        raise _unfit(f"Names and values together are longer than {MOST_BYTES} characters.")
    return json.dumps(checked) if checked else ""


def is_reserved(name: str) -> bool:
    """Whether the portal alone says it."""
    return name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIXES)


def written(text: str) -> dict[str, str]:
    """What somebody wrote, one `Name: value` on each line.

    Raises InvalidInputError naming `headers` for a line without a colon, or a name twice.
    """
    headers: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise _unfit(f"“{_short(line)}” has no colon. Write a header as Name: value.")
        if name.strip() in headers:
            raise _unfit(f"“{_short(name)}” is there twice.")
        headers[name.strip()] = value.strip()
    return headers


def _check_name(name: str, others: set[str]) -> None:
    if not _TOKEN.fullmatch(name):
        raise _unfit(f"“{_short(name)}” is no header name. Use letters, digits and hyphens.")
    if is_reserved(name):
        raise _unfit(f"“{_short(name)}” is set by the portal and cannot be changed.")
    if name.lower() in others:
        raise _unfit(f"“{_short(name)}” is there twice.")


def _checked_value(name: str, value: str) -> str:
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise _unfit(f"The value of “{_short(name)}” must be one line of printable ASCII.")
    return value


def _unfit(message: str) -> InvalidInputError:
    return InvalidInputError("headers", message)


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 40 else text[:39] + "…"
