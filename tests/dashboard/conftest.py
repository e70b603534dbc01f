import pytest
from pytest_django.fixtures import Settings

from tests.dashboard.scene import Side, side


@pytest.fixture
def a(db: None) -> Side:
    return side("Alder")


@pytest.fixture
def b(db: None) -> Side:
    return side("Birch")


@pytest.fixture
def sandbox(settings: Settings) -> None:
    """The sandbox can be offered; nobody calls it."""
    settings.SANDBOX_URL = "http://127.0.0.1:1"
