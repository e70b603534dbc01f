"""Calls from the sandbox to the servers of apps."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

TIMEOUT = 10


def reach(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> requests.Response | None:
    """The answer, or None where none came. Never through a proxy, never on to another address."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                url,
                data=body,
                headers=headers,
                params=query,
                timeout=TIMEOUT,
                allow_redirects=False,
            )
    except (requests.RequestException, ValueError):
        return None


def is_address(text: str) -> bool:
    """Whether this is an http or https address."""
    try:
        address = urlsplit(text)
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.netloc)
