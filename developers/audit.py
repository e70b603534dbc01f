"""Remembers who changed what in a company."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from developers.models import AuditEntry, Company, Environment, User

_acting: ContextVar[str] = ContextVar("acting", default="")


@contextmanager
def acting(name: str) -> Iterator[None]:
    """What is recorded inside without a person is recorded as the work of `name`."""
    token = _acting.set(name)
    try:
        yield
    finally:
        _acting.reset(token)


def record(
    company: Company,
    action: str,
    *,
    environment: Environment | None = None,
    actor: User | None = None,
    subject: str = "",
) -> AuditEntry:
    """One line of the audit log, in the transaction of the change."""
    return AuditEntry.objects.create(
        company=company,
        environment=environment,
        actor=actor,
        via="" if actor else _acting.get()[:80],
        action=action,
        subject=subject[:200],
    )
