"""Terra's client for Python in its two kinds, behind one face."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@contextmanager
def a_loop() -> Iterator[Run]:
    """Waits for coroutines in a thread of their own: a browser test's loop may be in this one."""
    with ThreadPoolExecutor(1) as thread:
        runner = thread.submit(asyncio.Runner).result()
        yield lambda coroutine: thread.submit(runner.run, coroutine).result()
        thread.submit(runner.close).result()


class Awaited:
    """The asynchronous client with every call waited for, so that one test serves both kinds."""

    def __init__(self, part: Any, run: Run) -> None:
        self._part, self._run = part, run

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._part, name)
        if not inspect.iscoroutinefunction(inner):
            return Awaited(inner, self._run)
        return lambda *given, **named: self._run(inner(*given, **named))
