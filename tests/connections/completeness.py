"""What a provider has to bring before the portal takes it."""

import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from connections.providers import WearableProvider
from connections.providers.facts import About, Confidence

ROOT = Path(settings.BASE_DIR)
LOGOS = ROOT / "static" / "portal" / "wearables"
PERSONALITIES = ROOT / "connections" / "sandbox" / "personalities"

Maker = type[WearableProvider]


def missing(maker: Maker) -> list[str]:
    """What this provider lacks, in words for whoever adds it; empty where it is complete."""
    return [*_names(maker), *_addresses(maker), *_facts(maker), *_ways(maker)]


def personality(maker: Maker) -> Path:
    """How the sandbox behaves as this provider."""
    return PERSONALITIES / f"{maker.id.replace('-', '_')}.py"


def logo(resource: str) -> Path:
    return LOGOS / f"{slug(resource)}.svg"


def slug(resource: str) -> str:
    return resource.lower().replace("_", "-")


def _names(maker: Maker) -> Iterator[str]:
    if not maker.display_name.strip():
        yield "display_name: what people know it by"
    if maker.id != slug(maker.resource):
        yield f"id: {slug(maker.resource)}, as the resource has it"
    if maker.oauth2_adapter_class.provider_id != maker.id:
        yield "provider_id of the adapter: the provider's own id"
    if not maker.scope_labels or not all(label.strip() for label in maker.scope_labels.values()):
        yield "scope_labels: each scope in a person's words"
    if set(maker.identity_scopes) - set(maker.scope_labels):
        yield "identity_scopes: of the scopes that have a label"


def _addresses(maker: Maker) -> Iterator[str]:
    for name, url in _urls(maker):
        host = urlsplit(url).netloc
        if host and host not in maker.hosts:
            yield f"hosts: {host}, for {name}"
    if maker.hosts and not maker.console_url.startswith("https://"):
        yield "console_url: where a developer registers an application"


def _urls(maker: Maker) -> Iterator[tuple[str, str]]:
    """The addresses that the module calls or sends people to: attributes and constants by name."""
    module = sys.modules[maker.__module__]
    for owner in (maker, maker.oauth2_adapter_class, module):
        for name in sorted(set(dir(owner))):
            value = getattr(owner, name)
            is_address = name.lower().endswith("_url") or name == "API"
            if is_address and name != "console_url" and isinstance(value, str):
                yield name, value


def _facts(maker: Maker) -> Iterator[str]:
    said = {fact.about: fact for fact in maker.facts}
    for about in About:
        fact = said.get(about)
        if fact is None or not fact.says.strip():
            yield f"facts: {about.value}"
        elif fact.confidence is Confidence.DOCUMENTED and not _is_page(maker, fact.page):
            yield f"facts: the page that documents {about.value}"
    if len(said) != len(maker.facts):
        yield "facts: one for each topic"


def _is_page(maker: Maker, page: str) -> bool:
    """Of the maker's documentation; the sandbox's is ours."""
    return page.startswith("https://") if maker.hosts else (ROOT / page.partition("#")[0]).is_file()


def _ways(maker: Maker) -> Iterator[str]:
    base = WearableProvider
    if not maker.probe_url and maker.probe is base.probe:
        yield "probe_url: how it is told that an authorisation is dead"
    if not maker.oauth2_adapter_class.revoke_url and maker.revoke is base.revoke:
        yield "revoke_url: how an authorisation is given back"
    if maker.probes_per_minute <= 0:
        yield "probes_per_minute: more than none"
    if maker.subscribes_each and maker.subscribe is base.subscribe:
        yield "subscribe(): what subscribes_each promises"
    if maker.subscribes_once and maker.subscribe_application is base.subscribe_application:
        yield "subscribe_application(): what subscribes_once promises"
