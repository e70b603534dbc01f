"""Commands that go over all grants at once, show how far they are, and can be broken off."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import FrameType
from typing import Any, ClassVar
from uuid import UUID

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from connections import applications
from connections.models import OAuthClient
from connections.rounds import Scope
from developers.management.json_command import JsonCommand
from developers.models import Environment
from terra_portal import tenancy
from terra_portal.errors import InvalidInputError

SHOWN_EVERY = 0.2
WIDTH = 100


class RoundCommand(JsonCommand):
    """Says how many rows there were, and how many of them came to each of `outcomes`."""

    rows: ClassVar[str] = "grants"
    outcomes: ClassVar[tuple[str, ...]]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--provider", default="", help="Only grants of this provider.")
        parser.add_argument("--dev-id", default="", help="Only what this environment uses.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.terminal = Terminal(self.stderr)
        super().handle(*args, **options)
        if self.terminal.is_stopped():
            raise CommandError("Stopped before the end. What is counted above was done.")

    def answer(self, **options: Any) -> dict[str, Any]:
        with tenancy.system("an operator's round"):
            scope = _scope(options["provider"], options["dev_id"])
            with self.terminal.watching():
                counts = self.go_round(scope, **options)
        found = {name: counts[name] for name in self.outcomes}
        return {self.rows: sum(counts.values()), **found}

    def go_round(self, scope: Scope, **options: Any) -> Counter[str]:
        """What came of each row, counted."""
        raise NotImplementedError


def _scope(provider: str, dev_id: str) -> Scope:
    name = applications.known(provider) if provider else ""
    if not dev_id:
        return Scope(name)
    environment = Environment.objects.filter(dev_id=dev_id).first()
    if environment is None:
        raise InvalidInputError("dev_id", "names no environment")
    return Scope(name, environment)


class Terminal:
    """One line that shows life, where somebody watches; nothing elsewhere."""

    def __init__(self, out: OutputWrapper) -> None:
        self._out = out
        self._live = out.isatty()
        self._shown = 0.0
        self._stop = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Ctrl-C ends the round: what is under way is still counted. A second one ends it all."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, signal.default_int_handler)

        def stop(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            self._stop.set()
            self._show("stopping; calls under way are waited for", at_once=True)

        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            if self._live:
                self._write("\r\033[K")

    def is_stopped(self) -> bool:
        return self._stop.is_set()

    def saw(self, counts: Mapping[str, int]) -> None:
        parts = ", ".join(f"{number:,} {name}" for name, number in sorted(counts.items()))
        self._show(f"{sum(counts.values()):,} done: {parts}")

    def waits(self, client_id: UUID, until: datetime) -> None:
        if self._is_time():
            client = OAuthClient.objects.get(pk=client_id)
            self._show(f"waiting for {client} until {until:%H:%M:%S} UTC, its pace or its wish")

    def _show(self, text: str, *, at_once: bool = False) -> None:
        if at_once or self._is_time():
            self._shown = time.monotonic()
            if self._live:
                self._write(f"\r\033[K{text[:WIDTH]}")

    def _is_time(self) -> bool:
        return self._live and time.monotonic() - self._shown >= SHOWN_EVERY

    def _write(self, text: str) -> None:
        self._out.write(text, style_func=str, ending="")
        self._out.flush()
