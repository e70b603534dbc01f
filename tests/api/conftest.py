import pytest
from django.conf import LazySettings

from developers.companies import CreatedCompany
from tests import cast
from tests.api.caller import Caller, new
from tests.api.tenants import Tenant, tenant


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


@pytest.fixture
def integrated(transactional_db: None) -> CreatedCompany:
    """A company that uses Terra's clients; its testing environment offers one wearable."""
    made = cast.company("A")
    cast.source(made.environments["testing"], cast.oauth_client())
    return made


@pytest.fixture
def tenants(db: None) -> dict[str, Tenant]:
    """`a` and `b`."""
    return {letter: tenant(letter) for letter in "ab"}
