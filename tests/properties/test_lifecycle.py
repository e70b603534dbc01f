"""Whatever happens, in whatever order: the invariants hold after every step, and all settles."""

import logging
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from pytest_django.fixtures import Settings

from tests.properties.lifecycle import Lifecycle
from tests.sandbox.company import NoticeServer
from tests.sandbox.process import Sandbox

# So many walks look for something new; without it the same few are walked each time.
EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "0"))
WALKS = settings(
    max_examples=EXAMPLES or 15,
    stateful_step_count=50 if EXAMPLES else 25,
    derandomize=not EXAMPLES,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What a walk logs says nothing beside its steps."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def inbound() -> Iterator[NoticeServer]:
    server = NoticeServer()
    yield server
    server.shutdown()
    server.server_close()


def test_every_walk(
    transactional_db: None,
    sandbox_process: Sandbox,
    inbound: NoticeServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.SANDBOX_URL = sandbox_process.url

    class Here(Lifecycle):
        def __init__(self) -> None:
            super().__init__(sandbox_process, inbound, monkeypatch)

    run_state_machine_as_test(Here, settings=WALKS)
