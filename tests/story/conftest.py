from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from tests.story.guard import Guard, guarded
from tests.story.stage import Company, Person, Stage, Worker
from tests.world import World


@pytest.fixture
def guard() -> Iterator[Guard]:
    """Nothing that the portal did while a story was told ran on nobody's behalf."""
    with guarded() as guard:
        yield guard
    assert guard.strays == []
    assert guard.seen


@pytest.fixture
def portal(guard: Guard, live_server: LiveServer, settings: Settings) -> str:
    settings.PUBLIC_BASE_URL = live_server.url
    settings.PUBLIC_HOST = live_server.url.removeprefix("http://")
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    settings.PROVIDER_DEADLINE_SECONDS = 3.0
    return str(live_server.url)


@pytest.fixture
def stage(portal: str, request: pytest.FixtureRequest) -> Stage:
    """Two companies, a person, and notices that go straight to the portal, each of them twice."""
    world: World = request.getfixturevalue("world")
    world.sandbox.control("PATCH", "dials", {"notices": "twice", "late_notice_seconds": 1})
    world.register(world.notice_url)
    a, b = Company(world.alder, portal, world), Company(world.birch, portal, world)
    return Stage(portal, world, a, b, Person(world))


@pytest.fixture
def worker(stage: Stage) -> Iterator[Worker]:
    worker = Worker()
    worker.start()
    yield worker
    worker.stop()
    assert worker.errors == []
