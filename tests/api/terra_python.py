"""Terra's client for Python in its two kinds, behind one face."""

import asyncio
import inspect
from typing import Any


class Awaited:
    """The asynchronous client with every call waited for, so that one test serves both kinds."""

    def __init__(self, part: Any, runner: asyncio.Runner) -> None:
        self._part, self._runner = part, runner

    def __getattr__(self, name: str) -> Any:
        inner = getattr(self._part, name)
        if not inspect.iscoroutinefunction(inner):
            return Awaited(inner, self._runner)
        return lambda *given, **named: self._runner.run(inner(*given, **named))
