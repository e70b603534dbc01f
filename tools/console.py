"""What the person at the terminal sees. All of it on stderr: stdout belongs to the command."""

import sys
import time
from types import TracebackType
from typing import Self

BEAT_SECONDS = 10.0


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def took(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"


class Step:
    """One long step on one line. It shows life: in place on a terminal, as a line elsewhere."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.live = sys.stderr.isatty()
        self.began = self.shown = time.monotonic()

    def __enter__(self) -> Self:
        self._write(f"· {self.name} …")
        return self

    def alive(self, detail: str) -> None:
        now = time.monotonic()
        if now - self.shown < (0.2 if self.live else BEAT_SECONDS):
            return
        self.shown = now
        self._write(f"· {self.name} … {took(now - self.began)}, {detail}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sign = "✗" if kind else "✓"
        self._write(f"{sign} {self.name} ({took(time.monotonic() - self.began)})")
        if self.live:
            say("")

    def _write(self, line: str) -> None:
        if self.live:
            print(f"\r\033[K{line[:100]}", end="", file=sys.stderr, flush=True)
        else:
            say(line)
