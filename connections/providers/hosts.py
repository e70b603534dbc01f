"""Stand-ins: a simulated client never reaches a provider's real hosts."""

from urllib.parse import urlsplit

from django.conf import settings

from connections.providers.answers import Failure, ProviderError


def at(url: str, *, simulated: bool) -> str:
    """The address to call: `url` itself, or where `PROVIDER_HOSTS` puts its host for a simulated
    client, path and query unchanged.

    Raises ProviderError where there is no stand-in.
    """
    if not simulated:
        return url
    host = urlsplit(url).netloc
    base = stand_in(host)
    if not base:
        raise ProviderError(Failure.UNAVAILABLE, "no stand-in for this host")
    return base + url.partition("//")[2].removeprefix(host)


def stand_in(host: str) -> str:
    """The base address that stands for this host; empty if there is none."""
    named: dict[str, str] = settings.PROVIDER_HOSTS
    base = named.get(host) or named.get("*", "").replace("{host}", host)
    return base.rstrip("/")
