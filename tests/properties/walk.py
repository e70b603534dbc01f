"""One walk: steps one after the other, each checked, and what is left to settle at its end."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine

from connections import token_sets
from connections.connect import Landing
from connections.models import Connection, Grant
from connections.states import Door, GrantState
from tests.properties import leaks, meanwhile, model, picture
from tests.properties.crashes import Edge, Meanwhile, Trouble
from tests.properties.hands import Hands
from tests.properties.model import History
from tests.properties.picture import Picture
from tests.properties.stage import Flow, Stage
from tests.sandbox.company import NoticeServer
from tests.sandbox.process import Sandbox

T = TypeVar("T")
May = Callable[[Picture, Picture], set[UUID]]

SETTLING = (0, 20, 61, 61, 130, 660, 700, 3_700, 61, 90_000, 61, 660, 61)
# Of one step: some grants to look at, each with rivals, one of them perhaps refreshed twice.
MOST_CALLS = 40
ANSWERS = ("token_answer", "me_answer", "revoke_answer")
LEAVING = (0, 61, 130, 660)


class Walk(RuleBasedStateMachine):
    """`self.now` is the picture after the last step; `sound` that no step has failed."""

    def __init__(self, sandbox: Sandbox, inbound: NoticeServer, patch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.hands, self.patch = Hands(), patch
        self.stage = Stage(sandbox, inbound, self.hands)
        self.edge = Edge(self.hands, self.meanwhile, self.heard)
        self.doors = self.edge.open(patch)
        self.doors.__enter__()
        self.history = History(asked=self.stage.asked)
        self.now = self.look()
        self.sound = True
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
        with self.edge.step(trouble):
            outcome = deed()
        assert self.edge.calls <= MOST_CALLS, "the provider is asked over and over"
        note(f"    {outcome}{' (it came true)' if self.edge.came_true else ''}")
        if self.edge.left_traces or self.stage.has_news:
            self.now = self.look()
            model.check(self.now, before, self.history)
        between = isinstance(trouble, Meanwhile) and self.edge.came_true
        if may_change is not None and not between:
            model.others_are_unchanged(self.now, before, but=may_change(self.now, before))
        self.sound = True
        return outcome

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

    def meanwhile(self, deed: str, pick: int) -> None:
        meanwhile.happen(deed, self.stage, pick)

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
        self.stage.dial(**dict.fromkeys(ANSWERS, "normal"))
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

    def sweeps(self, waits: Sequence[int]) -> None:
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
