from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.connections.providers import stand_in
from tests.connections.providers.stand_in import StandIn


@pytest.fixture
def maker(settings: Settings) -> Iterator[StandIn]:
    """The maker's servers, where simulated applications find them."""
    with stand_in.running() as server:
        settings.PROVIDER_HOSTS = server.hosts
        yield server
