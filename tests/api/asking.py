"""The portal and its OpenAPI document, as schemathesis asks the one what the other tells."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import schemathesis
from django.core import signals
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from schemathesis.schemas import BaseSchema

WAITING = "Data (later)"  # the tag of operations that answer 501 to whatever they are asked
PORTAL = get_wsgi_application()
DOCUMENT: dict[str, Any] = schemathesis.openapi.from_wsgi("/v2/openapi.json", PORTAL).raw_schema


def schema(document: dict[str, Any]) -> BaseSchema:
    """What asks the portal in this process, with credentials that the test gives."""
    made = schemathesis.openapi.from_dict(document)
    made.app = PORTAL
    made.config.generation.update(with_security_parameters=False)
    # What is right by the document may be wrong for a reason that no document tells.
    made.config.checks.update(excluded_check_names=["positive_data_acceptance"])
    return made


def chosen_alike(examples: int) -> settings:
    """So many requests, the same at each run."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def untouched() -> Iterator[None]:
    """What is done inside is undone: each request meets the same objects."""
    with _connection_kept(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def _connection_kept() -> Iterator[None]:
    """No request ends the test's transaction; Django's own client does the same."""
    ends = (signals.request_started, signals.request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in ends:
            signal.connect(close_old_connections)
