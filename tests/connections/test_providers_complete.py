"""A provider is taken whole or not at all: what each has to bring, and that the lack is seen."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest

from connections.providers import PROVIDERS, REGISTRY, WearableProvider
from connections.providers.base import WearableAdapter
from connections.providers.facts import About
from connections.providers.phone import PHONE_SOURCES
from connections.providers.polar import PolarAdapter, PolarProvider
from tests.connections.completeness import logo, missing, personality

EACH = pytest.mark.parametrize("maker", PROVIDERS, ids=[maker.id for maker in PROVIDERS])
# The sandbox is its own personality.
REAL = [maker for maker in PROVIDERS if maker.hosts]


@EACH
def test_a_provider_of_the_registry_is_complete(maker: type[WearableProvider]) -> None:
    assert missing(maker) == []


@EACH
def test_its_logo_stands_beside_it(maker: type[WearableProvider]) -> None:
    assert logo(maker.resource).is_file()


@pytest.mark.parametrize("maker", REAL, ids=lambda maker: str(maker.id))
def test_the_sandbox_has_a_personality_for_it(maker: type[WearableProvider]) -> None:
    assert personality(maker).is_file()


@pytest.mark.parametrize("source", PHONE_SOURCES, ids=lambda source: str(source.resource))
def test_a_source_on_the_phone_has_a_logo(source: Any) -> None:
    assert source.display_name
    assert logo(source.resource).is_file()


def test_no_two_share_a_name() -> None:
    phone = [source.resource for source in PHONE_SOURCES]
    resources = [*(maker.resource for maker in PROVIDERS), *phone]
    assert len(set(resources)) == len(resources)
    for of in ("id", "display_name"):
        assert len({getattr(maker, of) for maker in PROVIDERS}) == len(PROVIDERS)
    assert {maker.resource: maker for maker in PROVIDERS} == REGISTRY


# The refusal itself


class BareAdapter(WearableAdapter):
    provider_id = "bare"
    authorize_url = "https://bare.example/authorize"
    access_token_url = "https://api.bare.example/token"


class BareProvider(WearableProvider):
    """What somebody might begin with."""

    id = "bare"
    name = display_name = "Bare"
    resource = "BARE"
    oauth2_adapter_class = BareAdapter
    hosts = ("bare.example",)
    scope_labels: ClassVar[dict[str, str]] = {}
    facts = ()


def test_a_beginning_is_refused_with_all_that_it_lacks() -> None:
    assert missing(BareProvider) == [
        "scope_labels: each scope in a person's words",
        "hosts: api.bare.example, for access_token_url",
        "console_url: where a developer registers an application",
        *(f"facts: {about.value}" for about in About),
        "probe_url: how it is told that an authorisation is dead",
        "revoke_url: how an authorisation is given back",
    ]
    assert not logo(BareProvider.resource).exists()
    assert not personality(BareProvider).exists()


def _without_pages() -> tuple[Any, ...]:
    return tuple(replace(fact, page="") for fact in PolarProvider.facts)


@pytest.mark.parametrize(
    ("changed", "lack"),
    [
        ({"display_name": " "}, "display_name"),
        ({"id": "other"}, "id: polar"),
        ({"scope_labels": {"accesslink.read_all": ""}}, "scope_labels"),
        ({"identity_scopes": ("unnamed",)}, "identity_scopes"),
        ({"hosts": ("flow.polar.com", "polarremote.com")}, "hosts: www.polaraccesslink.com"),
        ({"identity_url": "https://elsewhere.example/me"}, "hosts: elsewhere.example"),
        ({"console_url": ""}, "console_url"),
        ({"facts": PolarProvider.facts[1:]}, "facts: client authentication"),
        ({"facts": (*PolarProvider.facts, PolarProvider.facts[0])}, "facts: one for each"),
        ({"facts": _without_pages()}, "facts: the page that documents client"),
        ({"probe_url": ""}, "probe_url"),
        ({"probes_per_minute": 0}, "probes_per_minute"),
        ({"subscribes_each": True}, "subscribe()"),
        (
            {"subscribe_application": WearableProvider.subscribe_application},
            "subscribe_application()",
        ),
        (
            {"oauth2_adapter_class": type("Bare", (PolarAdapter,), {"revoke_url": ""})},
            "revoke_url",
        ),
    ],
)
def test_one_thing_that_is_missing_is_seen(changed: dict[str, Any], lack: str) -> None:
    lacking = missing(type("Lacking", (PolarProvider,), changed | {"__module__": "tests"}))
    assert any(one.startswith(lack) for one in lacking), lacking


def test_an_address_among_the_constants_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connections.providers.polar.USERS_URL", "https://elsewhere.example/users")
    assert missing(PolarProvider) == ["hosts: elsewhere.example, for USERS_URL"]
