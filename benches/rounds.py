"""Two ways of doing something, measured in turn, so that noise meets both alike."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# A side prepares one run, and returns how many seconds the measured part of it took.
Side = Callable[[], float]


@dataclass(frozen=True)
class Spread:
    """The median of some runs, the lowest and the highest of them."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def timed(work: Callable[[], object]) -> float:
    """Seconds from call to return. What earlier runs left behind is cleared away before."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def interleaved(rounds: int, *sides: Side, shown: Callable[[str], None]) -> list[list[float]]:
    """The seconds of each side's runs: one after the other within every round.

    A first round warms caches and plans up, and is not counted.
    """
    runs: list[list[float]] = [[] for _ in sides]
    for number in range(rounds + 1):
        shown(f"round {number} of {rounds}" if number else "warming up")
        for mine, side in zip(runs, sides, strict=True):
            seconds = side()
            if number:
                mine.append(seconds)
    return runs
