from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.connections.providers.stand_in import StandIn


@pytest.fixture
def maker(settings: Settings) -> Iterator[StandIn]:
    """Stands for whichever provider a test is about."""
    server = StandIn()
    settings.PROVIDER_HOSTS = server.hosts
    settings.PROVIDER_DEADLINE_SECONDS = 5.0
    yield server
    server.shutdown()
    server.server_close()
