"""What the bench of the REST API found, as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass

from benches.population import Population
from benches.rounds import spread

AIM_RATE, AIM_PAGE = 0.5, 1.2
# More than this much more memory for ten times the users would not be noise.
STILL_CONSTANT_MB = 2.0
MB = 1_000_000


@dataclass(frozen=True)
class Requests:
    """Seconds of one request in every round, of each side."""

    info: list[float]
    by_key: list[float]
    without_begin: list[float]
    bare: list[float]

    @property
    def ratios(self) -> list[float]:
        """How quick userInfo is, in parts of what the yardstick was beside it."""
        return beside(self.by_key, self.info)


@dataclass(frozen=True)
class Pages:
    """Seconds of every round for one page, where users are few and where they are many."""

    size: int
    few: list[float]
    many: list[float]

    @property
    def ratios(self) -> list[float]:
        return beside(self.many, self.few)


@dataclass(frozen=True)
class Ends:
    """Seconds of every round for one of the first pages of many, and for one of the last."""

    size: int
    pages: int
    first: list[float]
    last: list[float]


@dataclass(frozen=True)
class Streams:
    """Seconds of every round, and by how many bytes the server's peak grew; the answer's bytes."""

    short: list[float]
    long: list[float]
    short_growths: list[int]
    long_growths: list[int]
    length: int

    @property
    def growth_mb(self) -> float:
        """How much more memory ten times the users take."""
        return (spread(self.long_growths).median - spread(self.short_growths).median) / MB


@dataclass(frozen=True)
class Found:
    people: Population
    requests: Requests
    pages: list[Pages]
    ends: Ends
    streams: Streams


def section(found: Found) -> str:
    tables = [requests(found.requests), pages(found), ends(found.ends), streams(found)]
    return "\n\n".join([people(found.people), *tables, verdicts(found)])


def people(found: Population) -> str:
    environments = 4 + found.others
    return f"{found.users:,} users in {environments:,} environments."


def requests(found: Requests) -> str:
    sides = [
        ("`userInfo` by `user_id`", found.info),
        ("the view with BEGIN and one read by key", found.by_key),
        ("the same without BEGIN", found.without_begin),
        ("the bare view, no database", found.bare),
    ]
    rows = ["| one user | ms | as quick as the view with BEGIN |", "|---|---:|---:|"]
    for name, runs in sides:
        ratio = "" if runs is found.by_key else _times(beside(found.by_key, runs))
        rows.append(f"| {name} | {_ms(runs)} | {ratio} |")
    return "\n".join(rows)


def pages(found: Found) -> str:
    few, many = found.people.small.size, found.people.large.size
    rows = [
        f"| a page | of {few:,} users, ms | of {many:,}, ms | beside one another |",
        "|---|---:|---:|---:|",
    ]
    for one in found.pages:
        times = " | ".join([_ms(one.few), _ms(one.many), _times(one.ratios)])
        rows.append(f"| of {one.size} | {times} |")
    return "\n".join(rows)


def ends(found: Ends) -> str:
    ratios = _times(beside(found.last, found.first))
    return "\n".join(
        [
            f"| a walk over {found.pages:,} pages of {found.size} | the first, ms | the last, ms "
            "| beside one another |",
            "|---|---:|---:|---:|",
            f"| one page | {_ms(found.first)} | {_ms(found.last)} | {ratios} |",
        ]
    )


def streams(found: Found) -> str:
    sides = [
        (found.people.short.size, found.streams.short, found.streams.short_growths),
        (found.people.long.size, found.streams.long, found.streams.long_growths),
    ]
    rows = [
        "| streamed users | seconds | ms for a thousand | the server's peak grows by, MB |",
        "|---:|---:|---:|---:|",
    ]
    for size, seconds, growths in sides:
        each = spread(seconds).median * 1_000_000 / size
        rows.append(f"| {size:,} | {_seconds(seconds)} | {each:,.1f} | {_mb(growths)} |")
    return "\n".join(rows)


def verdicts(found: Found) -> str:
    """Whether the figures are what we want them to be; a missed aim is said as plainly."""
    rate = spread(found.requests.ratios).median
    worst = max(spread(one.ratios).median for one in found.pages)
    grown, answer = found.streams.growth_mb, found.streams.length / MB
    lines = [
        f"**`userInfo` at least {AIM_RATE}× of the view: {_met(rate >= AIM_RATE)}**, "
        f"with {rate:.2f}×.",
        f"**The same page at most {AIM_PAGE}× for more users: {_met(worst <= AIM_PAGE)}**, "
        f"with {worst:.2f}×.",
        f"**Streamed in constant memory: {_met(grown <= STILL_CONSTANT_MB)}**; ten times the "
        f"users take {grown:+.1f} MB, for an answer of {answer:,.1f} MB.",
    ]
    return "\n".join(f"- {line}" for line in lines)


def beside(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Each round's own ratio: its runs stood next to one another."""
    return [mine / other for mine, other in zip(ours, theirs, strict=True)]


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"


def _times(ratios: Sequence[float]) -> str:
    found = spread(ratios)
    return f"{found.median:.2f}× ({found.low:.2f}–{found.high:.2f})"


def _ms(seconds: Sequence[float]) -> str:
    return _shown([1000 * one for one in seconds], ",.1f")


def _seconds(seconds: Sequence[float]) -> str:
    return _shown(seconds, ",.2f")


def _mb(growths: Sequence[int]) -> str:
    return _shown([one / MB for one in growths], ",.1f")


def _shown(values: Sequence[float], form: str) -> str:
    found = spread(values)
    return f"{found.median:{form}} ({found.low:{form}}–{found.high:{form}})"
