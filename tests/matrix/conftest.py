from collections.abc import Callable, Iterator

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections.providers import PROVIDERS
from tests.matrix.cases import PROPERTY
from tests.matrix.wearable import Wearable, set_up
from tests.sandbox.process import Sandbox


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test here is run with every provider that the portal knows."""
    if "wearable" in metafunc.fixturenames:
        names = [maker.id for maker in PROVIDERS]
        metafunc.parametrize("wearable", PROVIDERS, ids=names, indirect=True)


@pytest.fixture
def wearable(
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
    transactional_db: None,
    live_server: LiveServer,
    sandbox_process: Sandbox,
    settings: Settings,
) -> Iterator[Wearable]:
    """One provider, played by the sandbox under its own hosts' names; each notice is sent once."""
    settings.PUBLIC_BASE_URL = live_server.url
    settings.PUBLIC_HOST = live_server.url.removeprefix("http://")
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.SANDBOX_URL = sandbox_process.url
    settings.PROVIDER_HOSTS = {"*": f"{sandbox_process.url}/{{host}}"}
    sandbox_process.control("DELETE", "dials")
    sandbox_process.control("PATCH", "dials", {"notices": "once"})
    made = set_up(request.param, sandbox_process)
    yield made
    # One that comes while the database is emptied would stand in its way.
    made.wait_for_answers()
    (row,) = (mark.args[0] for mark in request.node.iter_markers("case"))
    record_property(PROPERTY, [row.value, made.maker.resource, made.seen])
