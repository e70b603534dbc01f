import pytest
from django.conf import LazySettings

from tests.api.caller import Caller, new


@pytest.fixture(autouse=True)
def sandbox_has_an_address(settings: LazySettings) -> None:
    """Nothing calls it here; without one its wearable is offered to nobody."""
    settings.SANDBOX_URL = "http://127.0.0.1:8501"


@pytest.fixture(autouse=True)
def nothing_is_limited(settings: LazySettings) -> None:
    """What is left of a limit differs from answer to answer; test_limits.py counts."""
    settings.API_RATE_LIMIT = None


@pytest.fixture
def a(db: None) -> Caller:
    return new("A")


@pytest.fixture
def b(db: None) -> Caller:
    return new("B")
