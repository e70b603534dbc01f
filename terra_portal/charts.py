"""Charts as geometry: numbers in, coordinates out. Templates draw them as SVG, words stay HTML."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 640
HEIGHT = 200
STEPS = 4
GAP = 0.28  # of a bar's slot
DOT = 0.2  # the length of a value between two gaps


@dataclass(frozen=True)
class Series:
    """One row of numbers. `tone` 1–5 is its colour; a ghost is what it is compared with.

    None is a gap: there was nothing to measure.
    """

    name: str
    values: Sequence[float | None]
    tone: int = 1
    ghost: bool = False

    @property
    def total(self) -> str:
        return number(sum(value or 0 for value in self.values))


@dataclass(frozen=True)
class Tick:
    y: float
    label: str


@dataclass(frozen=True)
class Line:
    """A stretch of a series between two gaps; a lone one is a single value."""

    name: str
    tone: int
    ghost: bool
    points: str
    area: str
    lone: bool = False


@dataclass(frozen=True)
class Bar:
    tone: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Column:
    """The full height above one label: what is said when it is pointed at."""

    x: float
    width: float
    title: str


@dataclass(frozen=True)
class Plot:
    """What the templates `chart_lines` and `chart_stack` draw."""

    label: str
    ticks: list[Tick]
    marks: list[str]
    columns: list[Column]
    series: list[Series]
    rows: list[tuple[str, list[str]]]
    lines: list[Line] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT


def lines(
    label: str,
    names: Sequence[str],
    series: Sequence[Series],
    *,
    unit: str = "",
    top: float | None = None,
    marks: Sequence[str] | None = None,
) -> Plot:
    """Lines over the same `names`, up to `top` where it is given; `marks` are shorter names.

    The first one that is no ghost is filled below.
    """
    highest = max((value or 0 for row in series for value in row.values), default=0)
    top = top or _top(highest)
    xs = _spread(len(names))
    filled = next((row for row in series if not row.ghost), None)
    return Plot(
        label=label,
        ticks=_ticks(top, unit),
        marks=_marks(marks or names),
        columns=_columns(names, series, unit, [x - _slot(len(names)) / 2 for x in xs]),
        series=list(series),
        rows=_rows(names, series, unit),
        lines=[
            _line(row, part, top, filled=row is filled)
            for row in series
            for part in _unbroken(row, xs)
        ],
    )


def stack(label: str, names: Sequence[str], series: Sequence[Series], *, unit: str = "") -> Plot:
    """One bar per name, the series on top of one another in their order."""
    columns = zip(*(row.values for row in series), strict=True)
    heights = [sum(value or 0 for value in column) for column in columns]
    top = _top(max(heights, default=0))
    slot = _slot(len(names))
    return Plot(
        label=label,
        ticks=_ticks(top, unit),
        marks=_marks(names),
        columns=_columns(names, series, unit, [slot * index for index in range(len(names))]),
        series=list(series),
        rows=_rows(names, series, unit),
        bars=_bars(series, len(names), top),
    )


def number(value: float) -> str:
    """1,204 and 99.5; whole numbers without a point."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _said(value: float | None, unit: str) -> str:
    return "–" if value is None else number(value) + unit


def _top(highest: float) -> float:
    """The smallest round number that is reached in STEPS equal, whole steps."""
    if highest <= STEPS:
        return float(STEPS)
    step = highest / STEPS
    scale = 10.0 ** math.floor(math.log10(step))
    factors = (1, 2, 2.5, 5, 10) if scale >= 10 else (1, 2, 5, 10)
    return STEPS * scale * next(factor for factor in factors if factor * scale >= step)


def _short(value: float) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


def _ticks(top: float, unit: str) -> list[Tick]:
    return [
        Tick(y=HEIGHT * index / STEPS, label=_short(top - top * index / STEPS) + unit)
        for index in range(STEPS + 1)
    ]


def _spread(count: int) -> list[float]:
    """Equal steps from edge to edge."""
    return [round(WIDTH * index / max(count - 1, 1), 1) for index in range(count)]


def _slot(count: int) -> float:
    return WIDTH / max(count, 1)


def _marks(names: Sequence[str]) -> list[str]:
    """At most four names, evenly apart, the first and the last among them."""
    if len(names) <= STEPS:
        return list(names)
    return [names[round(index * (len(names) - 1) / 3)] for index in range(4)]


def _y(value: float, top: float) -> float:
    return round(HEIGHT - HEIGHT * value / top, 1)


def _unbroken(row: Series, xs: Sequence[float]) -> list[list[tuple[float, float]]]:
    """The stretches between the gaps, one at least."""
    parts: list[list[tuple[float, float]]] = [[]]
    for x, value in zip(xs, row.values, strict=True):
        if value is not None:
            parts[-1].append((x, value))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part] or [[]]


def _line(row: Series, part: Sequence[tuple[float, float]], top: float, *, filled: bool) -> Line:
    # A line without a length is not drawn everywhere, so a lone value gets a short one.
    lone = len(part) == 1
    ends = (
        [(part[0][0] - DOT / 2, part[0][1]), (part[0][0] + DOT / 2, part[0][1])] if lone else part
    )
    points = " ".join(f"{round(x, 1)},{_y(value, top)}" for x, value in ends)
    area = f"{part[0][0]},{HEIGHT} {points} {part[-1][0]},{HEIGHT}" if filled and part[1:] else ""
    return Line(row.name, row.tone, row.ghost, points, area, lone)


def _bars(series: Sequence[Series], count: int, top: float) -> list[Bar]:
    slot = _slot(count)
    drawn = []
    for index in range(count):
        height = 0.0
        for row in series:
            value = row.values[index] or 0
            height += value
            if value:
                drawn.append(
                    Bar(
                        tone=row.tone,
                        x=round(slot * (index + GAP / 2), 1),
                        y=_y(height, top),
                        width=round(slot * (1 - GAP), 1),
                        height=round(HEIGHT * value / top, 1),
                    )
                )
    return drawn


def _columns(
    names: Sequence[str], series: Sequence[Series], unit: str, lefts: Sequence[float]
) -> list[Column]:
    slot = _slot(len(names))
    columns = []
    for index, name in enumerate(names):
        said = ", ".join(f"{row.name} {_said(row.values[index], unit)}" for row in series)
        left, right = max(lefts[index], 0.0), min(lefts[index] + slot, float(WIDTH))
        columns.append(
            Column(x=round(left, 1), width=round(right - left, 1), title=f"{name}: {said}")
        )
    return columns


def _rows(names: Sequence[str], series: Sequence[Series], unit: str) -> list[tuple[str, list[str]]]:
    return [
        (name, [_said(row.values[index], unit) for row in series])
        for index, name in enumerate(names)
    ]
