"""Whatever is asked, the API answers as its own OpenAPI document says, and never with a failure.

Requests are made by schemathesis from the document: right ones and wrong ones, with the ids of
two tenants' objects, in the name of each of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import schemathesis
from django.conf import LazySettings
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from schemathesis import Case

from tests.api.stand_ins import named, pointed, real, stand_ins
from tests.api.tenants import Tenant, tenant

PORTAL = get_wsgi_application()
DOCUMENT = schemathesis.openapi.from_wsgi("/v2/openapi.json", PORTAL).raw_schema

asked = schemathesis.openapi.from_dict(pointed(DOCUMENT, stand_ins("ab")))
asked.config.update(base_url="http://testserver")
asked.config.generation.update(with_security_parameters=False)


@pytest.fixture
def tenants(db: None, settings: LazySettings) -> dict[str, Tenant]:
    settings.API_RATE_LIMIT = (1_000_000, 60)
    return {letter: tenant(letter) for letter in "ab"}


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """The tests' transaction goes on from request to request, as under Django's own client."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@asked.parametrize()
@settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.parametrize("who", "ab")
def test_every_answer_is_as_documented(case: Case, who: str, tenants: dict[str, Tenant]) -> None:
    named(case, real("a", tenants["a"]) | real("b", tenants["b"]))
    with untouched():
        case.call_and_validate(app=PORTAL, headers=tenants[who].credentials)


@contextmanager
def untouched() -> Iterator[None]:
    """What is done inside is undone: each request meets the same objects."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
