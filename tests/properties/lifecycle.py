"""What can happen to companies, accounts and clients, in any order."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from connections import brake
from connections.connect import Landing
from connections.states import Door
from tests.properties import model
from tests.properties.crashes import Trouble, troubles
from tests.properties.picture import Picture
from tests.properties.stage import COMPANIES, PEOPLE, SCOPES, Flow, one_of
from tests.properties.walk import ANSWERS, Walk, nobody, on

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


class Lifecycle(Walk):
    """Each rule is a step of somebody; most of them may meet with trouble."""

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
        assert self.edge.came_true or not self.now.connections[one.pk].is_active

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
            self.stage.dial(**dict.fromkeys(ANSWERS, "normal"))

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
