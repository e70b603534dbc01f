"""What can go wrong with one step: its worker dies, or the world moves while it calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
from django.db import connection
from hypothesis import strategies as st

from connections.providers.http import ProviderSession
from tests.properties.hands import Hands

WRITES = ("INSERT", "UPDATE", "DELETE")
MEANWHILE = ("disconnect", "revoke", "notice", "callback", "connect", "sweep", "seconds")


class Killed(BaseException):
    """The worker is gone: what it had not committed never happened, and nobody cleans up."""


@dataclass(frozen=True)
class KilledAtCall:
    """It dies before that call to the provider leaves, or after the provider has acted on it."""

    call: int
    acted: bool


@dataclass(frozen=True)
class KilledAtStatement:
    """It dies when it wants to say that statement to the database."""

    statement: int


@dataclass(frozen=True)
class Meanwhile:
    """Somebody else does something while that call is under way: before or after its effect."""

    call: int
    acted: bool
    deed: str
    pick: int


Trouble: TypeAlias = KilledAtCall | KilledAtStatement | Meanwhile | None

_calls = st.integers(1, 4)
killings = st.one_of(
    st.builds(KilledAtCall, _calls, st.booleans()),
    st.builds(KilledAtStatement, st.integers(1, 60)),
)
meanwhiles = st.builds(
    Meanwhile, _calls, st.booleans(), st.sampled_from(MEANWHILE), st.integers(0, 8)
)
troubles: st.SearchStrategy[Trouble] = st.one_of(st.none(), st.none(), killings, meanwhiles)


class Edge:
    """The door to the providers, with the trouble that waits there for the step under way.

    `meanwhile` does a deed by name; `heard` is told of each call's path and form before it leaves.
    """

    def __init__(
        self, hands: Hands, meanwhile: Callable[[str, int], None], heard: Callable[[str, Any], None]
    ) -> None:
        self._hands = hands
        self._meanwhile = meanwhile
        self._heard = heard
        self._trouble: Trouble = None
        self._calls = 0
        self._writes = 0
        self._inside = False
        self.came_true = False
        self.issued: set[str] = set()

    @contextmanager
    def open(self, patch: Any) -> Iterator[None]:
        """While open, the real door leads through here."""
        real = ProviderSession.request

        def request(session: ProviderSession, method: str, url: str, **form: Any) -> httpx.Response:
            self._calls += 1
            number = self._calls
            self._strike(number, acted=False)
            self._heard(httpx.URL(url).path, form)
            try:
                response = real(session, method, url, **form)
                self._remember(response)
            finally:
                self._strike(number, acted=True)
            return response

        with patch.context() as patched:
            patched.setattr(ProviderSession, "request", request)
            patched.setattr("connections.tokens.time", self)
            yield

    @contextmanager
    def step(self, trouble: Trouble) -> Iterator[None]:
        """One step of somebody; what kills its worker ends here."""
        self._trouble, self._calls, self._writes = trouble, 0, 0
        self.came_true = False
        try:
            with connection.execute_wrapper(self._counting(trouble)):
                yield
        except Killed:
            self.came_true = True
        finally:
            self._trouble = None

    @property
    def left_traces(self) -> bool:
        """Whether the last step has written anything, or called anybody."""
        return bool(self._calls or self._writes)

    def _strike(self, number: int, *, acted: bool) -> None:
        trouble = self._trouble
        if isinstance(trouble, KilledAtStatement | None):
            return
        if (trouble.call, trouble.acted) != (number, acted):
            return
        self._trouble, self.came_true = None, True
        if isinstance(trouble, KilledAtCall):
            raise Killed
        self._inside = True
        try:
            self._meanwhile(trouble.deed, trouble.pick)
        except Killed:
            pass  # it waited for the call that it happened within
        finally:
            self._inside = False

    def _counting(self, trouble: Trouble) -> Callable[..., Any]:
        left = trouble.statement if isinstance(trouble, KilledAtStatement) else None

        def execute(run: Callable[..., Any], sql: str, *more: Any) -> Any:
            nonlocal left
            if left is not None:
                left -= 1
                if left <= 0:
                    raise Killed
            self._writes += sql.startswith(WRITES)
            return run(sql, *more)

        return execute

    def _remember(self, response: httpx.Response) -> None:
        try:
            said = response.json()
        except ValueError:
            return
        if isinstance(said, dict):
            names = ("access_token", "refresh_token")
            self.issued |= {said[name] for name in names if len(str(said.get(name, ""))) > 8}

    # Where the portal waits for somebody's lease, it asks here for the time.

    def monotonic(self) -> float:
        return self._hands.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._inside:
            raise Killed
        self._hands.sleep(seconds)
