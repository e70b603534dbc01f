import pytest

from tests.api.caller import Caller, new


@pytest.fixture
def a(db: None) -> Caller:
    return new("A")


@pytest.fixture
def b(db: None) -> Caller:
    return new("B")
