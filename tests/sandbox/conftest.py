from collections.abc import Iterator

import pytest

from .company import Company, NoticeServer
from .process import Sandbox, start_sandbox


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    assert sandbox.stop() == 0


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """The one process of this session, with every dial at its harsh default."""
    running_sandbox.control("DELETE", "dials")
    return running_sandbox


@pytest.fixture
def notices() -> Iterator[NoticeServer]:
    server = NoticeServer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def company(sandbox: Sandbox, notices: NoticeServer) -> Company:
    return Company(sandbox, notices.url)
