from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.pages.person import Asking, Person, asking, register
from tests.sandbox.process import Sandbox, start_sandbox


@pytest.fixture(scope="session")
def wearable_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    started = start_sandbox(tmp_path_factory.mktemp("sandbox"))
    yield started
    started.stop()


@pytest.fixture
def sandbox(wearable_company: Sandbox, settings: Settings, transactional_db: None) -> Sandbox:
    """The wearable company with harsh defaults, and the platform's client there."""
    settings.SANDBOX_URL = wearable_company.url
    settings.PROVIDER_DEADLINE_SECONDS = 2.0
    wearable_company.control("DELETE", "dials")
    register(wearable_company)
    return wearable_company


@pytest.fixture
def person(sandbox: Sandbox) -> Person:
    return Person(sandbox)


@pytest.fixture
def a(sandbox: Sandbox) -> Asking:
    return asking("Alder Health")


@pytest.fixture
def b(sandbox: Sandbox) -> Asking:
    return asking("Birch Fitness")
