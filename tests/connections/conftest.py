import pytest
from pytest_django.fixtures import Settings

from connections.providers import REGISTRY
from tests.connections.makers import AnyProvider, OwnProvider
from tests.connections.offering import Company, company


@pytest.fixture
def three_makers(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """`ANY`, `OWN` and the sandbox, in the order that they have before anybody changes it."""
    settings.SANDBOX_URL = settings.SANDBOX_URL or "http://127.0.0.1:1"
    for name in set(REGISTRY) - {"SANDBOX"}:
        monkeypatch.delitem(REGISTRY, name)
    monkeypatch.setitem(REGISTRY, "OWN", OwnProvider)
    monkeypatch.setitem(REGISTRY, "ANY", AnyProvider)


@pytest.fixture
def a(db: None) -> Company:
    return company("Alder")


@pytest.fixture
def b(db: None) -> Company:
    return company("Birch")
