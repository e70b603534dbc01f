import pytest

from tests.dashboard.scene import Side, side


@pytest.fixture
def a(db: None) -> Side:
    return side("Alder")


@pytest.fixture
def b(db: None) -> Side:
    return side("Birch")
