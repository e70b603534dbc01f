"""The REST API over a million users: one of them, pages of them, and a hundred thousand at once."""

import json
import os
import secrets
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from math import ceil

from django.core.management import call_command

from benches import api_figures, machine, population, server
from benches.api_figures import Ends, Found, Pages, Requests, Streams
from benches.population import Home, Population
from benches.rounds import alternating, interleaved, timed
from benches.server import Caller, NotDoneError
from tools.console import Step

REQUESTS = 200
PAGES = 40
SIZES = (50, 500)
Shown = Callable[[str], None]


@dataclass(frozen=True)
class Asking:
    """A view that is asked for users by chance, a new one each time."""

    caller: Caller
    home: Home
    address: str

    def once(self) -> bytes:
        return self.of(1 + secrets.randbelow(self.home.size))

    def of(self, number: int) -> bytes:
        return self.caller.get(f"{self.address}?user_id={self.home.user_id(number)}")


@dataclass
class Walk:
    """Pages of `subscriptions` that follow one another, over and over."""

    caller: Caller
    size: int
    pages: range
    steps: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = cycle(self.pages)

    def step(self) -> bytes:
        return self.read(next(self.steps))

    def read(self, page: int) -> bytes:
        return self.caller.get(f"/v2/subscriptions?page={page}&per_page={self.size}")

    def through(self, users: int, shown: Shown) -> None:
        """From the first page to the last. Raises NotDoneError if anybody is missing."""
        seen = 0
        following: int | None = 0
        while following is not None:
            data = json.loads(self.read(following))["data"]
            seen, following = seen + len(data["results"]), data["next"]
            shown(f"{seen:,} users")
        if seen != users:
            raise NotDoneError(f"{seen} users in the pages of {users}")


@dataclass
class Stream:
    """Everybody of an environment in one answer, by a server that has just been started."""

    home: Home
    growths: list[int] = field(default_factory=list)
    length: int = 0

    def run(self) -> float:
        """Seconds from the request to the answer's end."""
        with server.serving() as port:
            _warm(port, self.home)
            before = server.peak(port)
            with Caller(port, self.home.credentials) as caller:
                seconds = timed(lambda: self.read(caller))
            self.growths.append(server.peak(port) - before)
        return seconds

    def read(self, caller: Caller) -> None:
        self.length = caller.drain("/v2/subscriptions")

    def check(self, port: int) -> None:
        """Raises NotDoneError unless everybody is there, once."""
        with Caller(port, self.home.credentials) as caller:
            users = json.loads(caller.get("/v2/subscriptions"))["users"]
        ids = {user["user_id"] for user in users}
        if not len(ids) == len(users) == self.home.size:
            raise NotDoneError(f"{len(users)} users in the stream of {self.home.size}")


def run(options: Namespace) -> str:
    """Measures, and returns the figures as Markdown."""
    busyness = machine.busyness()
    call_command("createcachetable", "cache", verbosity=0)
    people = population.build(options)
    with server.serving() as port:
        requests = _requests(port, people, options.rounds)
        pages = [_pages(port, people, size, options.rounds) for size in SIZES]
        ends = _ends(port, people.large, max(SIZES), options.rounds)
        Stream(people.long).check(port)
    found = Found(people, requests, pages, ends, _streams(people, options.rounds))
    return "\n\n".join([api_figures.section(found), conditions(options.rounds, busyness)])


def _requests(port: int, people: Population, rounds: int) -> Requests:
    home = people.large
    with ExitStack() as calls, Step("one user") as step:
        sides = [
            Asking(calls.enter_context(Caller(port, home.credentials)), home, address)
            for address in ("/v2/userInfo", "/bench/by-key", "/bench/without-begin", "/bench/bare")
        ]
        _same_answer(sides[:-1])
        works = [side.once for side in sides]
        return Requests(*alternating(rounds, *works, times=REQUESTS, shown=step.alive))


def _same_answer(sides: Sequence[Asking]) -> None:
    """Raises NotDoneError unless userInfo and the yardsticks say the same of one user."""
    said = {side.of(1) for side in sides}
    if len(said) != 1:
        raise NotDoneError(f"the views answer differently: {said}")


def _pages(port: int, people: Population, size: int, rounds: int) -> Pages:
    """The same pages where users are few and where they are many."""
    pages = range(people.small.size // size or 1)
    with ExitStack() as calls, Step(f"pages of {size}") as step:
        few, many = (
            Walk(calls.enter_context(Caller(port, home.credentials)), size, pages)
            for home in (people.small, people.large)
        )
        works = (few.step, many.step)
        return Pages(size, *alternating(rounds, *works, times=PAGES, shown=step.alive))


def _ends(port: int, home: Home, size: int, rounds: int) -> Ends:
    """The first pages and the last ones, of somebody who has walked from these to those."""
    pages = ceil(home.size / size)
    with Caller(port, home.credentials) as caller, Step("a walk to the end") as step:
        first = Walk(caller, size, range(min(PAGES, pages)))
        last = Walk(caller, size, range(max(pages - PAGES, 0), pages))
        last.through(home.size, step.alive)
        works = (first.step, last.step)
        return Ends(size, pages, *alternating(rounds, *works, times=PAGES, shown=step.alive))


def _streams(people: Population, rounds: int) -> Streams:
    short, long = Stream(people.short), Stream(people.long)
    with Step("everybody at once") as step:
        seconds = interleaved(rounds, short.run, long.run, shown=step.alive)
    growths = short.growths[1:], long.growths[1:]
    return Streams(seconds[0], seconds[1], *growths, length=long.length)


def _warm(port: int, home: Home) -> None:
    """All is loaded, and as much read at once as ever is."""
    with Caller(port, home.credentials) as caller:
        for _ in range(8):
            caller.get("/v2/subscriptions?page=0&per_page=500")


def conditions(rounds: int, busyness: str) -> str:
    cache = "Redis" if os.environ.get("CACHE_URL", "").startswith("redis") else "the database"
    times = f"{rounds} round{'s' if rounds > 1 else ''}"
    return f"{times} on {machine.line()}, requests counted in {cache}; {busyness}."
