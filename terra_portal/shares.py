"""Counts as shares of a whole: ranked against one another, or step by step down a funnel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from terra_portal.charts import number


@dataclass(frozen=True)
class Rank:
    name: str
    count: str
    share: str
    width: float
    url: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a funnel; `lost` is how many did not come from the step before."""

    name: str
    count: str
    share: str
    width: float
    lost: str = ""


def ranked(
    items: Sequence[tuple[str, int]], *, urls: Mapping[str, str] | None = None
) -> list[Rank]:
    """Largest first; each with its share of the whole and its width against the largest."""
    ordered = sorted(items, key=lambda item: item[1], reverse=True)
    whole = sum(count for _, count in ordered)
    largest = ordered[0][1] if ordered else 0
    return [
        Rank(
            name=name,
            count=number(count),
            share=percent(count, whole),
            width=_part(count, largest),
            url=(urls or {}).get(name, ""),
        )
        for name, count in ordered
    ]


def funnel(steps: Sequence[tuple[str, int]]) -> list[Step]:
    """Every step against the first."""
    first = steps[0][1] if steps else 0
    before = [first, *(count for _, count in steps)]
    return [
        Step(
            name=name,
            count=number(count),
            share=percent(count, first),
            width=_part(count, first),
            lost=number(before[index] - count) if index and before[index] > count else "",
        )
        for index, (name, count) in enumerate(steps)
    ]


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f}%" if whole else "0%"


def _part(value: float, whole: float) -> float:
    return round(100 * value / whole, 1) if whole else 0.0
