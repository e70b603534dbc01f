"""What every test stands on."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db.backends.postgresql.operations import DatabaseOperations

from tests import flush

pytest_plugins = ["tests.browser", "tests.javascript", "tests.world"]


def pytest_configure(config: pytest.Config) -> None:
    patch = pytest.MonkeyPatch()
    patch.setattr(DatabaseOperations, "sql_flush", flush.sql_flush)
    config.add_cleanup(patch.undo)


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """Rate limits and the like count within one test only."""
    yield
    cache.clear()
