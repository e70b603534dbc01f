from collections.abc import Iterator

import pytest

from tests.demo.process import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all tests that only use it."""
    running = Demo(tmp_path_factory.mktemp("demo"))
    running.start()
    yield running
    code, _ = running.stop()
    assert code == 0, running.said
