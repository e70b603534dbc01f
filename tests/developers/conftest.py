from collections.abc import Iterator

import pytest

from developers.models import Environment
from tests import cast
from tests.developers.outbox import Receiver, receiver
from tests.developers.sink import Sink, sink


@pytest.fixture
def server() -> Iterator[Sink]:
    with sink() as running:
        yield running


@pytest.fixture
def environment(db: None) -> Environment:
    return cast.company().environments["testing"]


@pytest.fixture
def receiving(environment: Environment, server: Sink) -> Receiver:
    """A destination of `environment` at `server`."""
    return receiver(environment, server)
