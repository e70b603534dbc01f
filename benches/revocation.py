"""One notice for a grant that many environments hold: from its bytes to the commit of all."""

from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

from django.db import connection

from benches import bare, machine
from benches.bare import Written
from benches.holders import Holders
from benches.rounds import interleaved, spread, timed
from connections import notices
from connections.models import Connection, Notice, Revocation, RevocationDetail
from connections.states import NoticeState
from developers.models import Delivery, Event
from tools.console import Step

AIM_SIZE, AIM = 1000, 3.0
PAST = 3
# From one pair of sizes to the next, a further environment may cost this much more: noise.
STILL_LINEAR = 1.25


class NotDoneError(Exception):
    """What was measured did not do its work, so its time says nothing."""


@dataclass
class Round:
    """Both sides: the second writes once more what the first has written."""

    holders: Holders
    size: int
    ended: list[UUID] = field(default_factory=list)

    def hear(self) -> float:
        """Seconds from the notice's bytes to the return of the decision: all is committed.

        Raises NotDoneError if the notice was put off.
        """
        grant = self.holders.grant(self.size)
        client, knock = grant.oauth_client, self.holders.notice(grant)

        def work() -> None:
            notices.receive(client, knock)
            stored = Notice.objects.values_list("pk", flat=True).get(oauth_client=client)
            if notices.decide(stored) != NoticeState.DONE:
                raise NotDoneError("the notice ended nothing")

        seconds = timed(work)
        self.ended = list(Connection.objects.on(grant).values_list("pk", flat=True))
        return seconds

    def insert(self) -> float:
        """Seconds for the same rows by the driver alone; NotDoneError if some are missing."""
        inserts = bare.copies(self.written())
        found = [len(one.rows) for one in inserts]
        if found != [self.size] * len(found):
            raise NotDoneError(f"{found} rows of {self.size} in each table")
        return timed(lambda: bare.insert(inserts))

    def written(self) -> list[Written]:
        details = RevocationDetail.objects.filter(revocation__user_id__in=self.ended)
        deliveries = Delivery.objects.filter(event__subject_id__in=self.ended)
        return [
            Written(
                Revocation.objects.filter(user_id__in=self.ended), frozenset({"id", "user_id"})
            ),
            Written(details, frozenset({"id", "revocation_id"})),
            Written(
                Event.objects.filter(subject_id__in=self.ended), frozenset({"id", "subject_id"})
            ),
            Written(deliveries, frozenset({"id", "event_id"})),
        ]


@dataclass(frozen=True)
class Runs:
    """The seconds of every round at one size."""

    size: int
    heard: list[float]
    inserted: list[float]

    @property
    def ratios(self) -> list[float]:
        """Each round's own: its two runs stood next to one another."""
        return [mine / bare for mine, bare in zip(self.heard, self.inserted, strict=True)]

    @property
    def seconds(self) -> float:
        return spread(self.heard).median


def run(options: Namespace) -> str:
    """Measures, and returns the figures as Markdown."""
    busyness = machine.busyness()
    holders = Holders(max(options.sizes))
    _have_a_past(Round(holders, max(options.sizes)))
    found = []
    for size in options.sizes:
        with Step(f"held by {size:,}") as step:
            found.append(measure(holders, size, options.rounds, step.alive))
    return "\n\n".join([table(found), verdicts(found), conditions(options.rounds, busyness)])


def measure(holders: Holders, size: int, rounds: int, shown: Callable[[str], None]) -> Runs:
    mine = Round(holders, size)
    heard, inserted = interleaved(rounds, mine.hear, mine.insert, shown=shown)
    return Runs(size, heard, inserted)


def _have_a_past(earlier: Round) -> None:
    """Ends of before, and a server that knows its tables.

    Else it plans the look-ups of foreign keys for tables of a few rows, reads these from end to
    end, and keeps to that while the bench fills them: both sides would then be far slower.
    """
    with Step("making a past"):
        for _ in range(PAST):
            earlier.hear()
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")


def table(found: Sequence[Runs]) -> str:
    rows = [
        "| environments | one notice, ms | bare inserts, ms | ratio | ms for each environment |",
        "|---:|---:|---:|---:|---:|",
    ]
    for runs in found:
        ratio = spread(runs.ratios)
        rows.append(
            f"| {runs.size:,} | {_ms(runs.heard)} | {_ms(runs.inserted)} "
            f"| {ratio.median:.2f}× ({ratio.low:.2f}–{ratio.high:.2f}) "
            f"| {1000 * runs.seconds / runs.size:.2f} |"
        )
    return "\n".join(rows)


def verdicts(found: Sequence[Runs]) -> str:
    return "\n".join([f"- {aim(found)}", f"- {linearity(found)}"])


def aim(found: Sequence[Runs]) -> str:
    """Whether the ratio at 1,000 is what we want it to be; a missed aim is said as plainly."""
    wanted = f"**At most {AIM:.0f}× at {AIM_SIZE:,} environments:"
    for runs in found:
        if runs.size == AIM_SIZE:
            ratio = spread(runs.ratios).median
            return f"{wanted} {'met' if ratio <= AIM else 'missed'}**, with {ratio:.2f}×."
    return f"{wanted} not measured.**"


def linearity(found: Sequence[Runs]) -> str:
    """What a further environment costs, between each size and the next."""
    pairs = [pair for pair in pairwise(found) if pair[0].size >= 10]
    if len(pairs) < 2:
        return "**Linear: not measured**; it takes three sizes from 10 on."
    costs = [(b.seconds - a.seconds) / (b.size - a.size) for a, b in pairs]
    holds = all(later <= earlier * STILL_LINEAR for earlier, later in pairwise(costs))
    words = [
        f"{1000 * cost:.2f} ms from {a.size:,} to {b.size:,}"
        for cost, (a, b) in zip(costs, pairs, strict=True)
    ]
    verdict = "**Linear: yes.**" if holds else "**Linear: no.**"
    return f"{verdict} A further environment costs {', '.join(words)}."


def conditions(rounds: int, busyness: str) -> str:
    return f"{rounds} round{'s' if rounds > 1 else ''} on {machine.line()}; {busyness}."


def _ms(seconds: Sequence[float]) -> str:
    found = spread([1000 * one for one in seconds])
    return f"{found.median:.1f} ({found.low:.1f}–{found.high:.1f})"
