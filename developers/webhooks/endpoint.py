"""Which addresses a destination may have."""

import ipaddress
from urllib.parse import urlsplit

import httpx

from developers.models import Environment
from developers.states import EnvironmentKind
from developers.webhooks.addresses import is_reachable
from terra_portal.errors import InvalidInputError

LONGEST_URL = 2000


def checked(url: str, environment: Environment) -> str:
    """Refuses what could never be sent to; names are resolved, and vetted, at each attempt.

    Raises InvalidInputError naming `url`.
    """
    url = url.strip()
    scheme, host = _parts(url)
    try:
        address = ipaddress.ip_address("127.0.0.1" if _means_loopback(host) else host)
    except ValueError:
        address = None
    if address and not is_reachable(address):
        raise InvalidInputError("url", "Use a public address; this one is private.")
    # Loopback passes here only where the settings open it; it never leaves the machine.
    local = address is not None and address.is_loopback
    if scheme == "http" and not local and environment.kind != EnvironmentKind.TESTING:
        raise InvalidInputError("url", "Outside testing the address must begin with https://.")
    return url


def _parts(url: str) -> tuple[str, str]:
    """Scheme and host of an address that both parsers, the checking and the sending, accept."""
    try:
        split, sent = urlsplit(url), httpx.URL(url)
        usable = split.scheme in {"http", "https"} and split.hostname and split.port != 0
    except (ValueError, httpx.InvalidURL):
        usable = False
    if not usable or len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        raise InvalidInputError("url", "Write a whole address, like https://api.example.com/hook.")
    if split.username is not None or split.password is not None or "#" in url:
        raise InvalidInputError("url", "Leave out user names, passwords and what follows a #.")
    return split.scheme, sent.host.rstrip(".").lower()


def _means_loopback(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")
