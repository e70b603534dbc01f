"""Steps in any order, and what must be true after each."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from connections import brake, token_sets
from connections.connect import Landing
from connections.models import Connection, Grant
from connections.states import Door, GrantState
from tests.properties import leaks, model, picture
from tests.properties.crashes import Edge, Meanwhile, Trouble, troubles
from tests.properties.hands import Hands
from tests.properties.model import History
from tests.properties.picture import Picture
from tests.properties.stage import COMPANIES, PEOPLE, SCOPES, Flow, Stage, one_of
from tests.sandbox.company import NoticeServer
from tests.sandbox.process import Sandbox

T = TypeVar("T")
May = Callable[[Picture, Picture], set[UUID]]

companies = st.integers(0, COMPANIES - 1)
people = st.integers(0, PEOPLE - 1)
clients = st.integers(0, 1)
picks = st.integers(0, 5)
references = st.sampled_from(["", "r"])
choices = st.sampled_from([SCOPES, SCOPES, SCOPES[:2], SCOPES[1:]])
moves = st.sampled_from([5, 20, 61, 130, 660, 3_700, 90_000])
FAILURES = {
    "token_answer": ["500", "html", "garbage", "429", "drop", "drop_after", "403"],
    "me_answer": ["500", "html", "garbage", "429", "drop", "403", "410", "invalid_client"],
    # Not those that answer 200: a provider that says so has revoked (RFC 7009 §2.2).
    "revoke_answer": ["500", "429", "drop", "drop_after", "403", "invalid_client"],
}
FAILURES["token_answer"] += ["invalid_client", "invalid_grant"]
WORKS = [("", "normal")] * 8
dials = st.sampled_from(WORKS + [(dial, how) for dial, hows in FAILURES.items() for how in hows])
# So that a walk is not spent on what changes nothing.
TRICKS, SLIPS = 3, 4
SETTLING = (0, 20, 61, 61, 130, 660, 700, 3_700, 61, 90_000, 61, 660, 61)
LEAVING = (0, 61, 130, 660)


class Lifecycle(RuleBasedStateMachine):
    """`self.now` is the picture after the last step; `sound` that no step has failed."""

    def __init__(self, sandbox: Sandbox, inbound: NoticeServer, patch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.hands, self.patch = Hands(), patch
        self.edge = Edge(self.hands, self.meanwhile, self.heard)
        self.doors = self.edge.open(patch)
        self.doors.__enter__()
        self.stage = Stage(sandbox, inbound, self.hands)
        self.history = History(asked=self.stage.asked)
        self.now = self.look()
        self.sound = True
        # A sweep has something to find.
        self.stirred = True
        self.tricks = self.slips = 0
        self.proved = True

    def look(self) -> Picture:
        consents = self.stage.books()
        self.stage.collect(consents)
        return picture.take(self.stage.environments, self.stage.clients, consents)

    def step(
        self, deed: Callable[[], T], trouble: Trouble = None, may_change: May | None = None
    ) -> T | None:
        """Does it, and checks. `may_change` names whom it may concern, if nothing came between."""
        before, self.sound, outcome = self.now, False, None
        self.stirred = True
        with self.edge.step(trouble):
            outcome = deed()
        note(f"    {outcome}{' (it came true)' if self.edge.came_true else ''}")
        if self.edge.left_traces or self.stage.has_news:
            self.now = self.look()
            model.check(self.now, before, self.history)
        between = isinstance(trouble, Meanwhile) and self.edge.came_true
        if may_change is not None and not between:
            model.others_are_unchanged(self.now, before, but=may_change(self.now, before))
        self.sound = True
        return outcome

    def meanwhile(self, deed: str, pick: int) -> None:
        self.stage.meanwhile(deed, pick)

    def heard(self, path: str, form: Any) -> None:
        """Counted revoke: at the moment of the call nobody may stand on what it ends."""
        self.stage.has_news = True
        if path != "/oauth/revoke":
            return
        for grant in self.stage.grants():
            mine = {(one.access_token, one.refresh_token) for one in token_sets.every_set(grant)}
            named = any(form["data"]["token"] in pair for pair in mine)
            if named and Connection.objects.active().on(grant).exists():
                self.history.wrongs.append("asked to revoke what somebody still holds")

    @initialize(
        names=st.booleans(),
        tells=st.booleans(),
        rotates=st.sampled_from([True, True, False]),
        most_at_once=st.sampled_from([5, 5, 1]),
        crowd=st.lists(st.tuples(companies, people, references), min_size=1, max_size=5),
    )
    def begin(
        self,
        names: bool,
        tells: bool,
        rotates: bool,
        most_at_once: int,
        crowd: list[tuple[int, int, str]],
    ) -> None:
        """What the provider is like, when the incident brake grips, and who is connected."""
        self.patch.setattr(brake, "AT_ONCE", most_at_once)
        self.stage.tells, self.proved = tells, tells and names
        self.stage.sandbox.control("DELETE", "dials")
        self.stage.dial(
            notices="once" if tells else "never",
            notice_names_consent=names,
            refresh_rotates=rotates,
        )
        for company, person, reference in crowd:
            self.connect_at(company, person, reference, SCOPES)

    # A person connects

    @rule(
        company=companies,
        person=people,
        reference=references,
        scopes=choices,
        cookie=st.sampled_from([True, True, False]),
        trouble=troubles,
    )
    def connect(
        self,
        company: int,
        person: int,
        reference: str,
        scopes: tuple[str, ...],
        cookie: bool,
        trouble: Trouble,
    ) -> None:
        self.connect_at(company, person, reference, scopes, cookie=cookie, trouble=trouble)

    def connect_at(
        self,
        company: int,
        person: int,
        reference: str,
        scopes: tuple[str, ...],
        *,
        cookie: bool = True,
        trouble: Trouble = None,
    ) -> None:
        flow = self.stage.begin(company, reference)
        self.stage.consent(flow, person, scopes, allow=True)
        self.go_on(flow, partial(self.stage.callback, flow, cookie=cookie), trouble)

    @rule(
        company=companies,
        person=people,
        reference=references,
        scopes=choices,
        allow=st.sampled_from([True, True, True, False]),
    )
    def consent(
        self, company: int, person: int, reference: str, scopes: tuple[str, ...], allow: bool
    ) -> None:
        """The person is on the way back, or never comes."""

        def deed() -> None:
            flow = self.stage.begin(company, reference)
            self.stage.consent(flow, person, scopes, allow=allow)

        self.step(deed, may_change=nobody)

    @precondition(lambda self: bool(self.stage.on_the_way()))
    @rule(pick=picks, cookie=st.booleans(), trouble=troubles)
    def callback(self, pick: int, cookie: bool, trouble: Trouble) -> None:
        flow = one_of(self.stage.on_the_way(), pick)
        self.go_on(flow, partial(self.stage.callback, flow, cookie=cookie), trouble)

    @precondition(lambda self: bool(self.stage.asked_to_confirm()))
    @rule(pick=picks, yes=st.booleans(), trouble=troubles)
    def answer(self, pick: int, yes: bool, trouble: Trouble) -> None:
        flow = one_of(self.stage.asked_to_confirm(), pick)
        self.go_on(flow, partial(self.stage.answer, flow, yes=yes), trouble)

    @precondition(lambda self: bool(self.stage.called_back()))
    @rule(pick=picks, way=st.sampled_from(["finishing", "copy", "stranger"]), trouble=troubles)
    def comes_again(self, pick: int, way: str, trouble: Trouble) -> None:
        """The finishing page asks, or the callback is sent once more, perhaps by somebody else."""
        flow = one_of(self.stage.called_back(), pick)
        copy = partial(self.stage.callback, flow, cookie=way == "copy")
        finishing = partial(self.stage.finishing, flow)
        self.go_on(flow, finishing if way == "finishing" else copy, trouble)

    def go_on(self, flow: Flow, deed: Callable[[], Landing], trouble: Trouble = None) -> None:
        """Concerns those on the same grant, and whom the new user replaces."""
        pk = flow.begun.attempt.pk

        def may_change(now: Picture, before: Picture) -> set[UUID]:
            attempt = now.attempts[pk]
            new = now.connections.get(attempt.user_id)
            return {
                one.pk
                for one in before.connections.values()
                if one.grant_id == attempt.grant_id or (new and model.key(one) == model.key(new))
            }

        self.step(lambda: deed().step, trouble, may_change)

    # Somebody lets go

    @precondition(lambda self: bool(self.now.active()))
    @rule(pick=picks, door=st.sampled_from([Door.API, Door.DASHBOARD]), trouble=troubles)
    def disconnect(self, pick: int, door: Door, trouble: Trouble) -> None:
        one = one_of(self.stage.active(), pick)
        self.step(partial(self.stage.ask_to_disconnect, one, door), trouble, lambda *_: {one.pk})

    @precondition(lambda self: bool(self.now.alive()))
    @rule(pick=picks)
    def person_revokes(self, pick: int) -> None:
        consent = one_of(self.now.alive(), pick)
        assert self.step(partial(self.stage.press_revoke, consent), None, nobody) == 1

    # The provider tells, or somebody pretends to be it

    @precondition(lambda self: bool(self.stage.letters))
    @rule(pick=picks, copies=st.integers(1, 2), decide=st.booleans(), trouble=troubles)
    def notice(self, pick: int, copies: int, decide: bool, trouble: Trouble) -> None:
        """The latest, or one that came before, perhaps long ago."""
        letter = one_of(self.stage.letters[::-1], pick)
        self.step(partial(self.stage.deliver, letter, copies), None, nobody)
        if decide:
            self.step(self.stage.decide, trouble)

    @precondition(lambda self: bool(self.now.connections) and self.tricks < TRICKS)
    @rule(pick=picks, trick=st.sampled_from(["secret", "hook", "api"]))
    def intruder(self, pick: int, trick: str) -> None:
        """A notice about a consent that lives, signed with what is no secret of that client's; or
        another company's API key, to which somebody else's user is as unknown as none at all.
        """
        self.tricks += 1
        one = one_of(list(self.now.connections.values()), pick)
        if trick == "api":
            mine = self.stage.environments.index(one.environment)
            asks = partial(self.stage.deauthenticate, one, (mine + 1) % COMPANIES)
            assert self.step(asks, None, nobody) == 404
        else:
            forges = partial(self.stage.forge, self.now.grants[one.grant_id], trick)
            assert self.step(forges, None, nobody) == 401

    @rule(turned=dials, times=st.sampled_from([1, 1, 2, 3, None]))
    def provider(self, turned: tuple[str, str], times: int | None) -> None:
        """It fails in one way, for some calls or from now on, or works again."""
        dial, answer = turned
        if answer == "invalid_grant":
            # Said once it is a hiccup; a provider that keeps to it is believed.
            self.history.refused_falsely, times = True, 1
        if dial:
            self.stage.dial(**{dial: {"answer": answer, "times": times}})
        else:
            self.stage.dial(**dict.fromkeys(FAILURES, "normal"))

    # Workers

    @precondition(lambda self: bool(self.now.grants))
    @rule(pick=picks, trouble=troubles)
    def refresh(self, pick: int, trouble: Trouble) -> None:
        grant = one_of(self.stage.grants(), pick)
        self.step(partial(self.stage.refresh, grant), trouble, on(grant))

    @precondition(lambda self: bool(self.now.grants))
    @rule(
        pick=picks,
        name=st.sampled_from(["probe", "probe", "revoke", "resume"]),
        trouble=troubles,
    )
    def task(self, pick: int, name: str, trouble: Trouble) -> None:
        grant = one_of(self.stage.grants(), pick)
        concerns = None if name == "resume" else on(grant)
        self.step(partial(self.stage.task, name, grant), trouble, concerns)

    @precondition(lambda self: self.stirred)
    @rule(trouble=troubles)
    def sweep(self, trouble: Trouble) -> None:
        self.step(self.stage.sweep, trouble)
        self.stirred = self.edge.came_true

    @rule(seconds=moves)
    def time_passes(self, seconds: int) -> None:
        self.hands.move(timedelta(seconds=seconds))
        self.stirred = True

    @precondition(lambda self: self.slips < SLIPS)
    @rule(
        deed=st.sampled_from(["mistype", "correct", "own", "shared", "release", "discard"]),
        client=clients,
    )
    def operator(self, deed: str, client: int) -> None:
        self.slips += 1
        if deed == "mistype":
            self.stage.mistype_secret(client)
        elif deed == "correct":
            self.stage.right_secrets()
        elif deed in {"release", "discard"}:
            self.step(partial(self.stage.staff_decides, right=deed == "release"))
        else:
            change = partial(self.stage.change_application, own=deed == "own")
            self.step(change, None, nobody)

    # The end

    def teardown(self) -> None:
        try:
            if self.sound:
                self.settle()
                self.leave()
                leaks.none_of(self.edge.issued, self.stage)
        finally:
            self.doors.__exit__(None, None, None)
            self.stage.leave_nothing()

    def settle(self) -> None:
        """Nothing fails any more, everything is delivered, and time passes."""
        note("settling")
        self.stage.dial(**dict.fromkeys(FAILURES, "normal"))
        self.stage.right_secrets()
        for letter in list(self.stage.letters):
            self.stage.deliver(letter)
        self.sweeps(SETTLING)
        for seconds in (61, 61):
            for grant in self.stage.grants():
                self.step(partial(self.stage.task, "probe", grant))
            self.sweeps([seconds])
        for grant in self.stage.grants():
            self.read(grant)
        self.sweeps([0])
        model.settled(self.now, self.history, proved=self.proved)
        self.stage.each_company_sees_its_own()

    def read(self, grant: Grant) -> None:
        """Who is connected can be read, unless the person has to come once more."""
        token = self.step(partial(self.stage.refresh, grant))
        if self.now.grants[grant.pk].state == GrantState.ACTIVE:
            bearer = {"Authorization": f"Bearer {token}"}
            url = f"{self.stage.sandbox.url}/v1/me"
            assert httpx.get(url, headers=bearer, trust_env=False).status_code == 200

    def sweeps(self, waits: Any) -> None:
        for seconds in waits:
            self.hands.move(timedelta(seconds=seconds))
            self.step(partial(self.stage.staff_decides, right=True))
            self.step(self.stage.sweep)

    def leave(self) -> None:
        """Everybody goes: the provider keeps nothing that the portal was given."""
        note("leaving")
        for one in self.stage.active():
            self.step(partial(self.stage.ask_to_disconnect, one, Door.API))
        self.sweeps(LEAVING)
        assert not self.now.active()
        model.settled(self.now, self.history, proved=self.proved)


def nobody(now: Picture, before: Picture) -> set[UUID]:
    return set()


def on(grant: Grant) -> May:
    def may_change(now: Picture, before: Picture) -> set[UUID]:
        return {one.pk for one in before.connections.values() if one.grant_id == grant.pk}

    return may_change
