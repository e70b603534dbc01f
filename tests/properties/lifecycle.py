"""Companies, accounts and clients, and what happens to them in any order."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from connections import brake
from tests.properties.deeds import (
    Connects,
    Deed,
    Sweeps,
    TimePasses,
    companies,
    deeds,
    people,
    references,
)
from tests.properties.stage import SCOPES
from tests.properties.walk import Walk


class Lifecycle(Walk):
    """One rule for all: which deeds are likely is said beside them."""

    @initialize(
        names=st.booleans(),
        tells=st.booleans(),
        rotates=st.sampled_from([True, True, False]),
        most_at_once=st.sampled_from([5, 5, 1]),
        crowd=st.lists(st.tuples(companies, people, references), min_size=2, max_size=5),
        long_ago=st.sampled_from([True, True, False]),
    )
    def begin(
        self,
        names: bool,
        tells: bool,
        rotates: bool,
        most_at_once: int,
        crowd: list[tuple[int, int, str]],
        long_ago: bool,
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
            Connects(company, person, reference, SCOPES, cookie=True, trouble=None).do(self)
        if long_ago:
            # Which of the token sets lives has been found out.
            Sweeps(None).do(self)
            TimePasses(130).do(self)

    @rule(deed=deeds)
    def then(self, deed: Deed) -> None:
        deed.do(self)
