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


def alternating(
    rounds: int, *works: Callable[[], object], times: int, shown: Callable[[str], None]
) -> list[list[float]]:
    """The seconds of one run of each work, a figure for each round: the median of its runs there.

    For what takes milliseconds: the works alternate run by run, so many times in a round, so that
    whatever else the machine does meets all of them. A first round is not counted.
    """
    runs: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        shown(f"round {number} of {rounds}" if number else "warming up")
        turns = _turns(works, times)
        if number:
            for mine, seconds in zip(runs, zip(*turns, strict=True), strict=True):
                mine.append(statistics.median(seconds))
    return runs


def _turns(works: Sequence[Callable[[], object]], times: int) -> list[list[float]]:
    gc.collect()
    gc.disable()
    try:
        return [[_seconds(work) for work in works] for _ in range(times)]
    finally:
        gc.enable()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
