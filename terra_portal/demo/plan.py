"""What happened in the ninety days before the demo began: the same story at every reset."""

import random
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connections.states import Attention, CancelReason, Door

DAYS = 90
# These people use both companies; the first of them still do when the demo begins.
SHARED_ACCOUNTS = 16
FAITHFUL = 4
HOURS = [1, 1, 0, 0, 0, 1, 3, 6, 8, 7, 6, 7, 9, 8, 7, 7, 8, 10, 13, 15, 14, 10, 6, 3]
WEEKDAYS = [1.1, 1.2, 1.15, 1.0, 0.9, 0.6, 0.75]


@dataclass(frozen=True)
class Step:
    at: datetime


@dataclass(frozen=True)
class Connects(Step):
    company: str
    account: str
    reference_id: str


@dataclass(frozen=True)
class Leaves(Step):
    """One company lets go, or the person on that company's page."""

    company: str
    account: str
    door: Door


@dataclass(frozen=True)
class Withdraws(Step):
    """The person revokes at the wearable, which ends it for everybody."""

    account: str
    door: Door


@dataclass(frozen=True)
class Falters(Step):
    account: str
    attention: Attention


@dataclass(frozen=True)
class TurnsAway(Step):
    """A link that nobody connected by; without a reason nobody got as far as choosing."""

    company: str
    reference_id: str
    opened: bool
    reason: CancelReason | None


@dataclass(frozen=True)
class Cast:
    company: str
    people: int
    prefix: str
    links_in_vain: int
    growth: float


CASTS = (
    Cast("Northwind Health", 190, "nw", 74, 1.6),
    Cast("Juniper Fitness", 112, "member", 38, 0.7),
)
IN_VAIN = (
    (26, False, None),
    (22, True, None),
    (24, True, CancelReason.ACCESS_DENIED),
    (8, True, CancelReason.ATTEMPT_EXPIRED),
    (5, True, CancelReason.PROVIDER_UNAVAILABLE),
)
# How people part, by weight; most stay.
PARTINGS: tuple[tuple[int, type[Step] | None, Door | None], ...] = (
    (64, None, None),
    (14, Withdraws, Door.NOTICE),
    (2, Withdraws, Door.LIVENESS),
    (2, Withdraws, Door.REFRESH),
    (8, Leaves, Door.API),
    (3, Leaves, Door.DASHBOARD),
    (5, Leaves, Door.HOSTED_PAGE),
    (4, Connects, None),
)


def plan(now: datetime) -> list[Step]:
    """Everything that happened until `now`, in order."""
    author = _Author(now)
    for cast in CASTS:
        author.write(cast)
    author.falter()
    return sorted(author.steps, key=lambda step: step.at)


def living(steps: list[Step]) -> set[str]:
    """The accounts that somebody is still connected to when the story ends."""
    held: dict[str, set[str]] = defaultdict(set)
    for step in steps:
        match step:
            case Connects():
                held[step.account].add(step.company)
            case Leaves():
                held[step.account].discard(step.company)
            case Withdraws():
                held[step.account].clear()
    return {account for account, companies in held.items() if companies}


class _Author:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.chance = random.Random(2026)
        self.steps: list[Step] = []

    def write(self, cast: Cast) -> None:
        days = self._days(cast.growth)
        for number in range(cast.people):
            shared = number < SHARED_ACCOUNTS
            account = f"{'runner' if shared else cast.prefix}-{number + 1:03}"
            reference_id, at = self._reference(cast), self._moment(days)
            came = Connects(at, cast.company, account, reference_id)
            self.steps.append(came)
            if number >= FAITHFUL:
                self._part(came, shared=shared)
        for _ in range(cast.links_in_vain):
            _, opened, reason = self.chance.choices(IN_VAIN, [weight for weight, *_ in IN_VAIN])[0]
            at, reference_id = self._moment(days), self._reference(cast)
            self.steps.append(TurnsAway(at, cast.company, reference_id, opened, reason))

    def _part(self, came: Connects, *, shared: bool) -> None:
        _, parting, door = self.chance.choices(PARTINGS, [weight for weight, *_ in PARTINGS])[0]
        at = came.at + timedelta(days=0.05 + self.chance.expovariate(1 / 18))
        if parting is None or at > self.now - timedelta(hours=1):
            return
        if parting is Connects:
            self.steps.append(replace(came, at=at))
        elif parting is Leaves and door:
            self.steps.append(Leaves(at, came.company, came.account, door))
        elif door and not shared:
            # A shared account's end would have to fit the other company's story, too.
            self.steps.append(Withdraws(at, came.account, door))

    def falter(self) -> None:
        """A few of those who are still there have to authorise again."""
        accounts = sorted(living(sorted(self.steps, key=lambda step: step.at)))
        for account in self.chance.sample(accounts, 4):
            at = self.now - timedelta(hours=self.chance.uniform(1, 60))
            came = [s.at for s in self.steps if isinstance(s, Connects) and s.account == account]
            if max(came) < at:
                self.steps.append(Falters(at, account, Attention.NEEDS_REAUTH))

    def _reference(self, cast: Cast) -> str:
        return f"{cast.prefix}-{self.chance.randrange(10_000, 99_999)}"

    def _days(self, growth: float) -> list[float]:
        """The weight of each day: more at weekdays, more (or less) with time, no two alike."""
        weights = []
        for number in range(DAYS):
            day = self._day(number)
            trend = 1 + (growth - 1) * number / DAYS
            weights.append(trend * WEEKDAYS[day.weekday()] * self.chance.uniform(0.3, 1.8))
        return weights

    def _moment(self, days: list[float]) -> datetime:
        while True:
            day = self._day(self.chance.choices(range(DAYS), days)[0])
            hour = self.chance.choices(range(24), HOURS)[0]
            at = day.replace(hour=hour, minute=self.chance.randrange(60), second=0)
            at += timedelta(seconds=self.chance.uniform(0, 59))
            if at < self.now - timedelta(minutes=20):
                return at

    def _day(self, number: int) -> datetime:
        return self.now - timedelta(days=DAYS - 1 - number)
