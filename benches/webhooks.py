"""One change that many destinations are told: how many a worker serves a second, and how soon."""

import http.client
import statistics
from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import httpx

from benches import machine
from benches.receivers import Receivers, SinkServer, sink
from benches.rounds import interleaved, spread, timed
from developers.models import Delivery
from developers.states import DeliveryState
from developers.webhooks import signing
from developers.webhooks.delivery import deliver_due
from terra_portal import clock, tenancy
from tools.console import Step

AIM_RATE, AIM_DELAY = 0.5, 1.1
# One of so many hangs.
HANGING_EVERY = 20


class NotDoneError(Exception):
    """What was measured did not do its work, so its time says nothing."""


@dataclass(frozen=True)
class Told:
    """One change: seconds from its beginning, or from its commit, to what the sink saw."""

    last: float
    median: float


@dataclass
class Worker:
    """One worker process, and how many of its destinations hang."""

    server: SinkServer
    receivers: Receivers
    number: int
    every: int
    told: list[Told] = field(default_factory=list)

    def deliver(self) -> float:
        """Seconds from the worker's start until every result of it is stored."""
        good = self.number - self.receivers.hang(self.every)
        self.server.arm(good)
        began, committed = self.receivers.tell()
        seconds = timed(deliver_due)
        arrivals = list(self.server.arrivals().values())
        with tenancy.system("a bench counts what has arrived"):
            stored = Delivery.objects.filter(state=DeliveryState.DELIVERED).count()
        if (len(arrivals), stored) != (good, good):
            raise NotDoneError(f"{len(arrivals)} arrived and {stored} stored of {good}")
        median = statistics.median(one - committed for one in arrivals)
        self.told.append(Told(max(arrivals) - began, median))
        return seconds


@dataclass
class Loop:
    """The yardstick: one kept connection, the same bytes and headers, nothing else."""

    server: SinkServer
    number: int

    def bare(self) -> float:
        """By Python's own client, which does the least."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        body, headers = self._request()

        def post() -> int:
            connection.request("POST", "/bare", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status

        with closing(connection):
            return self._timed(post)

    def usual(self) -> float:
        """By the client that a Python program would use; a figure beside the yardstick."""
        body, headers = self._request()
        url = f"http://127.0.0.1:{self.server.port}/bare"
        with httpx.Client(trust_env=False, timeout=30) as client:
            return self._timed(lambda: client.post(url, content=body, headers=headers).status_code)

    def _request(self) -> tuple[bytes, dict[str, str]]:
        """One of the worker's last deliveries."""
        delivery = Delivery.objects.select_related("event", "destination", "environment")[0]
        body = delivery.event.body.encode()
        return body, signing.headers(delivery, body, at=clock.now())

    def _timed(self, post: Callable[[], int]) -> float:
        def work() -> None:
            for _ in range(self.number):
                if post() != 200:
                    raise NotDoneError("the sink did not answer with 200")

        return timed(work)


@dataclass(frozen=True)
class Found:
    """Every round's figures, each side's in their order."""

    number: int
    bare: list[float]
    usual: list[float]
    seconds: list[float]
    quiet: list[Told]
    hanging: list[Told]

    @property
    def rates(self) -> list[float]:
        """The worker's deliveries a second, in parts of what the bare loop did beside it."""
        return [bare / mine for bare, mine in zip(self.bare, self.seconds, strict=True)]

    @property
    def beside_usual(self) -> list[float]:
        return [usual / mine for usual, mine in zip(self.usual, self.seconds, strict=True)]

    @property
    def delays(self) -> list[float]:
        """The others' median while some hang, beside the median while none does."""
        pairs = zip(self.hanging, self.quiet, strict=True)
        return [some.median / none.median for some, none in pairs]


def run(options: Namespace) -> str:
    """Measures, and returns the figures as Markdown."""
    busyness, number = machine.busyness(), options.destinations
    with sink() as server, Step(f"{number:,} destinations") as step:
        receivers = Receivers(number, server)
        quiet = Worker(server, receivers, number, 0)
        hanging = Worker(server, receivers, number, HANGING_EVERY)
        loop = Loop(server, number)
        # The worker goes first: the loops send one of its deliveries.
        sides = (quiet.deliver, loop.bare, loop.usual, hanging.deliver)
        seconds, bare, usual, _ = interleaved(options.rounds, *sides, shown=step.alive)
    found = Found(number, bare, usual, seconds, quiet.told[1:], hanging.told[1:])
    return "\n\n".join([table(found), verdicts(found), conditions(options.rounds, busyness)])


def table(found: Found) -> str:
    quiet, hanging = found.quiet, found.hanging
    last = [_ms([one.last for one in side]) for side in (quiet, hanging)]
    median = [_ms([one.median for one in side]) for side in (quiet, hanging)]
    rows = [
        f"| {found.number:,} destinations | none hangs | {100 // HANGING_EVERY} % hang |",
        "|---|---:|---:|",
        f"| deliveries a second, one worker process | {_rate(found, found.seconds)} | |",
        f"| bare loop, requests a second | {_rate(found, found.bare)} | |",
        f"| worker beside bare loop | {_times(found.rates)} | |",
        f"| loop by `httpx`, requests a second | {_rate(found, found.usual)} | |",
        f"| worker beside that loop | {_times(found.beside_usual)} | |",
        f"| change to arrival at the last that answers, ms | {last[0]} | {last[1]} |",
        f"| commit to arrival, the median of those, ms | {median[0]} | {median[1]} |",
        f"| that median beside the one while none hangs | | {_times(found.delays)} |",
    ]
    return "\n".join(rows)


def verdicts(found: Found) -> str:
    """Whether the ratios are what we want them to be; a missed aim is said as plainly."""
    rate, delay = spread(found.rates).median, spread(found.delays).median
    half = f"**At least {AIM_RATE}× of the bare loop: {_met(rate >= AIM_RATE)}**, with {rate:.2f}×."
    fair = f"**While some hang, the others at most {AIM_DELAY}× later: {_met(delay <= AIM_DELAY)}**"
    return f"- {half}\n- {fair}, with {delay:.2f}×."


def conditions(rounds: int, busyness: str) -> str:
    return f"{rounds} round{'s' if rounds > 1 else ''} on {machine.line()}; {busyness}."


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"


def _rate(found: Found, seconds: Sequence[float]) -> str:
    rate = spread([found.number / one for one in seconds])
    return f"{rate.median:,.0f} ({rate.low:,.0f}–{rate.high:,.0f})"


def _times(ratios: Sequence[float]) -> str:
    found = spread(ratios)
    return f"{found.median:.2f}× ({found.low:.2f}–{found.high:.2f})"


def _ms(seconds: Sequence[float]) -> str:
    found = spread([1000 * one for one in seconds])
    return f"{found.median:,.0f} ({found.low:,.0f}–{found.high:,.0f})"
