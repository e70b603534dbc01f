"""What people, companies, the provider, workers and operators can do, each with its own luck.

A deed that finds nothing to be done to does nothing. Picks count from the latest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from connections.states import Door
from tests.properties import crashes
from tests.properties.crashes import Trouble, troubles
from tests.properties.stage import COMPANIES, SCOPES, one_of
from tests.properties.walk import ANSWERS, Walk, nobody, on

T = TypeVar("T")


class Deed(Protocol):
    def do(self, walk: Walk) -> None: ...


# A person connects


@dataclass(frozen=True)
class Connects:
    """All the way, perhaps in another browser at its end."""

    company: int
    person: int
    reference: str
    scopes: tuple[str, ...]
    cookie: bool
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        flow = walk.stage.begin(self.company, self.reference)
        walk.stage.consent(flow, self.person, self.scopes, allow=True)
        walk.go_on(flow, partial(walk.stage.callback, flow, cookie=self.cookie), self.trouble)


@dataclass(frozen=True)
class Consents:
    """And is on the way back, or never comes."""

    company: int
    person: int
    reference: str
    allow: bool

    def do(self, walk: Walk) -> None:
        def deed() -> None:
            flow = walk.stage.begin(self.company, self.reference)
            walk.stage.consent(flow, self.person, SCOPES, allow=self.allow)

        walk.step(deed, may_change=nobody)


@dataclass(frozen=True)
class ComesBack:
    pick: int
    cookie: bool
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for flow in some(walk.stage.on_the_way(), self.pick):
            walk.go_on(flow, partial(walk.stage.callback, flow, cookie=self.cookie), self.trouble)


@dataclass(frozen=True)
class ComesAgain:
    """The finishing page asks, or the callback is sent once more, perhaps by somebody else."""

    pick: int
    way: str
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for flow in some(walk.stage.called_back(), self.pick):
            copy = partial(walk.stage.callback, flow, cookie=self.way == "copy")
            finishing = partial(walk.stage.finishing, flow)
            walk.go_on(flow, finishing if self.way == "finishing" else copy, self.trouble)


@dataclass(frozen=True)
class Answers:
    """Is this yours?"""

    pick: int
    yes: bool
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for flow in some(walk.stage.asked_to_confirm(), self.pick):
            walk.go_on(flow, partial(walk.stage.answer, flow, yes=self.yes), self.trouble)


# Somebody lets go


@dataclass(frozen=True)
class Disconnects:
    pick: int
    door: Door
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for one in some(walk.stage.active(), self.pick):
            asks = partial(walk.stage.ask_to_disconnect, one, self.door)
            walk.step(asks, self.trouble, lambda *_: {one.pk})  # noqa: B023 - called at once
            assert walk.edge.came_true or not walk.now.connections[one.pk].is_active


@dataclass(frozen=True)
class Revokes:
    """The person, at the provider."""

    pick: int

    def do(self, walk: Walk) -> None:
        for consent in some(walk.now.alive(), self.pick):
            assert walk.step(partial(walk.stage.press_revoke, consent), None, nobody) == 1


@dataclass(frozen=True)
class IsFoundOut:
    """The person revokes, and one door hears of it before the others."""

    pick: int
    door: Door
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for consent in some(walk.now.alive(), self.pick):
            Revokes(self.pick).do(walk)
            for grant in walk.now.standing_on(consent):
                if self.door == Door.REFRESH:
                    walk.step(partial(walk.stage.refresh, grant), self.trouble, on(grant))
                if self.door == Door.LIVENESS:
                    walk.step(partial(walk.stage.task, "probe", grant), None, on(grant))
                    walk.hands.move(timedelta(seconds=61))
                    walk.step(partial(walk.stage.task, "probe", grant), self.trouble, on(grant))
            if self.door == Door.NOTICE:
                Tells(0, 1, decide=True, trouble=self.trouble).do(walk)


# The provider tells, or somebody pretends to be it


@dataclass(frozen=True)
class Tells:
    """A notice arrives: the latest, or one that came before, perhaps long ago."""

    pick: int
    copies: int
    decide: bool
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for letter in some(walk.stage.letters, self.pick):
            walk.step(partial(walk.stage.deliver, letter, self.copies), None, nobody)
            if self.decide:
                walk.step(walk.stage.decide, self.trouble)


@dataclass(frozen=True)
class Intrudes:
    """A notice about a consent that lives, signed with what is no secret of that client's; or
    another company's API key, to which somebody else's user is as unknown as none at all.
    """

    pick: int
    trick: str

    def do(self, walk: Walk) -> None:
        for one in some(list(walk.now.connections.values()), self.pick):
            if self.trick == "api":
                mine = walk.stage.environments.index(one.environment)
                asks = partial(walk.stage.deauthenticate, one, (mine + 1) % COMPANIES)
                assert walk.step(asks, None, nobody) == 404
            else:
                forges = partial(walk.stage.forge, walk.now.grants[one.grant_id], self.trick)
                assert walk.step(forges, None, nobody) == 401


@dataclass(frozen=True)
class Fails:
    """The provider, in one way, for some calls or from now on."""

    dial: str
    answer: str
    times: int | None

    def do(self, walk: Walk) -> None:
        times = self.times
        if self.answer == "invalid_grant":
            # Said once it is a hiccup; a provider that keeps to it is believed.
            walk.history.refused_falsely, times = True, 1
        walk.stage.dial(**{self.dial: {"answer": self.answer, "times": times}})


@dataclass(frozen=True)
class Recovers:
    def do(self, walk: Walk) -> None:
        walk.stage.dial(**dict.fromkeys(ANSWERS, "normal"))


# Workers, and the time


@dataclass(frozen=True)
class Refreshes:
    pick: int
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for grant in some(walk.stage.grants(), self.pick):
            walk.step(partial(walk.stage.refresh, grant), self.trouble, on(grant))


@dataclass(frozen=True)
class Works:
    """One task of a worker, about one grant."""

    pick: int
    name: str
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        for grant in some(walk.stage.grants(), self.pick):
            concerns = None if self.name == "resume" else on(grant)
            walk.step(partial(walk.stage.task, self.name, grant), self.trouble, concerns)


@dataclass(frozen=True)
class Sweeps:
    trouble: Trouble

    def do(self, walk: Walk) -> None:
        walk.step(walk.stage.sweep, self.trouble)


@dataclass(frozen=True)
class TimePasses:
    seconds: int

    def do(self, walk: Walk) -> None:
        walk.hands.move(timedelta(seconds=self.seconds))


# Operators


@dataclass(frozen=True)
class Operates:
    what: str
    client: int

    def do(self, walk: Walk) -> None:
        stage = walk.stage
        doing: dict[str, Callable[[], None]] = {
            "mistypes": partial(stage.mistype_secret, self.client),
            "corrects": stage.right_secrets,
            "takes own": partial(stage.change_application, own=True),
            "takes shared": partial(stage.change_application, own=False),
            "releases": partial(stage.staff_decides, right=True),
            "discards": partial(stage.staff_decides, right=False),
        }
        walk.step(doing[self.what], None, None if self.what == "releases" else nobody)


def some(rows: Sequence[T], pick: int) -> list[T]:
    """One of them, or none where there are none."""
    return [one_of(rows[::-1], pick)] if rows else []


# Luck

# So that most stand on one grant with somebody else.
companies = st.sampled_from([0, 1, 0, 1, 2])
people = st.sampled_from([0, 0, 1])
picks = st.integers(0, 5)
references = st.sampled_from(["", "r"])
scopes = st.sampled_from([SCOPES, SCOPES, SCOPES[:2], SCOPES[1:]])
mostly = st.sampled_from([True, True, True, False])
FAILURES = {
    "token_answer": ["500", "html", "garbage", "429", "drop", "drop_after", "403"],
    "me_answer": ["500", "html", "garbage", "429", "drop", "403", "410", "invalid_client"],
    # Not those that answer 200: a provider that says so has revoked (RFC 7009 §2.2).
    "revoke_answer": ["500", "429", "drop", "drop_after", "403", "invalid_client"],
}
FAILURES["token_answer"] += ["drop_after", "invalid_client", "invalid_grant"]
DOORS = [Door.REFRESH, Door.LIVENESS, Door.NOTICE]
OPERATORS = ["mistypes", "corrects", "takes own", "takes shared", "releases", "discards"]


def failures(dial: str) -> st.SearchStrategy[Any]:
    times = st.sampled_from([1, 1, 1, 2, 3, None])
    return st.builds(Fails, st.just(dial), st.sampled_from(FAILURES[dial]), times)


deeds: st.SearchStrategy[Deed] = crashes.weighted(
    (4, st.builds(Connects, companies, people, references, scopes, mostly, troubles)),
    (2, st.builds(Consents, companies, people, references, mostly)),
    (3, st.builds(ComesBack, picks, mostly, troubles)),
    (1, st.builds(ComesAgain, picks, st.sampled_from(["finishing", "copy", "other"]), troubles)),
    (2, st.builds(Answers, picks, mostly, troubles)),
    (4, st.builds(Disconnects, picks, st.sampled_from([Door.API, Door.DASHBOARD]), troubles)),
    (2, st.builds(Revokes, picks)),
    (3, st.builds(IsFoundOut, picks, st.sampled_from(DOORS), troubles)),
    (4, st.builds(Tells, picks, st.integers(1, 2), mostly, troubles)),
    (1, st.builds(Intrudes, picks, st.sampled_from(["secret", "hook", "api"]))),
    (1, failures("token_answer")),
    (1, failures("me_answer")),
    (1, failures("revoke_answer")),
    (2, st.builds(Recovers)),
    (3, st.builds(Refreshes, picks, troubles)),
    (4, st.builds(Works, picks, st.sampled_from(["probe", "probe", "revoke", "resume"]), troubles)),
    (4, st.builds(Sweeps, troubles)),
    (3, st.builds(TimePasses, st.sampled_from([5, 20, 61, 130, 660, 3_700, 90_000]))),
    (1, st.builds(Operates, st.sampled_from(OPERATORS), st.integers(0, 1))),
)
