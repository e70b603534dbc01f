"""On whose behalf the code runs: one environment, or the system for a stated reason.

Today a mark that tests read; the context of PostgreSQL's row-level security later.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Scope:
    environment_id: UUID | None = None
    reason: str = ""


_current: ContextVar[Scope | None] = ContextVar("tenancy", default=None)


def current() -> Scope | None:
    """The scope that this code runs in; None where nobody has entered one."""
    return _current.get()


@contextmanager
def environment(environment_id: UUID) -> Iterator[None]:
    """Everything inside concerns this environment alone."""
    with _entered(Scope(environment_id=environment_id)):
        yield


@contextmanager
def system(reason: str) -> Iterator[None]:
    """Inside, rows of several environments may be touched: sweeps, notices, counting a grant."""
    with _entered(Scope(reason=reason)):
        yield


@contextmanager
def _entered(scope: Scope) -> Iterator[None]:
    token = _current.set(scope)
    try:
        yield
    finally:
        _current.reset(token)
