"""Real threads for races: all start together, each closes its own database connections."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

PATIENCE_SECONDS = 60.0


class StillRunningError(Exception):
    """A thread did not end: most likely two wait for one another."""


def run_together(*actions: Callable[[], Any], patience: float = PATIENCE_SECONDS) -> list[Any]:
    """Starts all actions behind one barrier; returns what each returned or raised, in order.

    Raises StillRunningError when one has not ended after `patience` seconds.
    """
    barrier = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def act(place: int, action: Callable[[], Any]) -> None:
        try:
            barrier.wait(patience)
            results[place] = action()
        except BaseException as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=act, args=(place, action), daemon=True)
        for place, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    _join(threads, patience)
    return results


def _join(threads: list[threading.Thread], patience: float) -> None:
    for thread in threads:
        thread.join(patience)
    stuck = [str(place) for place, thread in enumerate(threads) if thread.is_alive()]
    if stuck:
        raise StillRunningError(f"after {patience} s: thread {', '.join(stuck)}")
