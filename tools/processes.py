"""Child processes that end with us, and we with them."""

import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType


def run_to_end(command: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> int:
    """Runs in the foreground and returns the exit code.

    Ctrl-C reaches the child by itself (same process group), so that it can finish its own way;
    SIGTERM and SIGHUP are handed on. Either way the caller's clean-up still happens.
    """
    child = subprocess.Popen(command, env=env, cwd=cwd)

    def hand_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    handlers = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, hand_on),
        signal.SIGHUP: signal.signal(signal.SIGHUP, hand_on),
    }
    try:
        code = child.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


@contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that, when the work is broken off, finish what they do and begin nothing more."""
    with ThreadPoolExecutor(count) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def exit_on_signals() -> None:
    """Ctrl-C or a kill becomes SystemExit, so that `finally` and `with` do their work."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
