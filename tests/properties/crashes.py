"""What can go wrong with one step: its worker dies, or the world moves while it calls."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import httpx
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from hypothesis import strategies as st

from connections.providers.http import ProviderSession
from tests.properties.hands import Hands

T = TypeVar("T")
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


def weighted(*choices: tuple[int, st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """One of them; the number is how often."""
    every = [strategy for times, strategy in choices for _ in range(times)]
    return st.sampled_from(range(len(every))).flatmap(every.__getitem__)


_calls = st.sampled_from([1, 1, 2, 2, 3, 3, 4])
_others = st.sampled_from([*MEANWHILE, "connect", "connect", "disconnect"])
troubles: st.SearchStrategy[Trouble] = weighted(
    (5, st.none()),
    (1, st.builds(KilledAtCall, _calls, st.booleans())),
    (1, st.builds(KilledAtStatement, st.integers(1, 60))),
    (3, st.builds(Meanwhile, _calls, st.booleans(), _others, st.integers(0, 8))),
)


class Edge:
    """The doors to the providers and to the database, with the trouble that waits there.

    `meanwhile` does a deed by name; `heard` is told of each call's path and form before it leaves.
    """

    def __init__(
        self, hands: Hands, meanwhile: Callable[[str, int], None], heard: Callable[[str, Any], None]
    ) -> None:
        self._hands = hands
        self._meanwhile = meanwhile
        self._heard = heard
        self._trouble: Trouble = None
        self._is_dead = False
        self._is_within = False
        self._statements = self._writes = 0
        self.calls = 0
        self.came_true = False
        self.issued: set[str] = set()

    @contextmanager
    def open(self, patch: Any) -> Iterator[None]:
        """While open, the real doors lead through here, one worker's hand at a time."""
        real = ProviderSession.request

        def request(session: ProviderSession, method: str, url: str, **form: Any) -> httpx.Response:
            if self._is_dead:
                raise Killed
            self.calls += 1
            number = self.calls
            self._strike(number, acted=False)
            self._heard(httpx.URL(url).path, form)
            try:
                response = real(session, method, url, **form)
                self._remember(response)
            finally:
                self._strike(number, acted=True)
            return response

        def listen(connection: BaseDatabaseWrapper, **_: Any) -> None:
            if self._execute not in connection.execute_wrappers:
                connection.execute_wrappers.append(self._execute)

        hands, wrapped = self._hands.at_work(patch), connection.execute_wrapper(self._execute)
        with hands, wrapped, patch.context() as patched:
            patched.setattr(ProviderSession, "request", request)
            patched.setattr("connections.tokens.time", self)
            patched.setattr("connections.hands.HANDS", 1)
            connection_created.connect(listen)
            try:
                yield
            finally:
                connection_created.disconnect(listen)

    @contextmanager
    def step(self, trouble: Trouble) -> Iterator[None]:
        """One step of somebody; what kills its worker ends here."""
        self._trouble, self.came_true = trouble, False
        self.calls = self._statements = self._writes = 0
        try:
            yield
        except Killed:
            assert self._is_dead, "somebody waits for what never comes"
        finally:
            self._trouble, self._is_dead = None, False

    @property
    def left_traces(self) -> bool:
        """Whether the last step has written anything, or called anybody."""
        return bool(self.calls or self._writes)

    def _die(self) -> None:
        self._is_dead = self.came_true = True
        raise Killed

    def _execute(self, run: Callable[..., Any], sql: str, *more: Any) -> Any:
        if self._is_dead:
            raise Killed
        self._statements += 1
        trouble = self._trouble
        if isinstance(trouble, KilledAtStatement) and self._statements == trouble.statement:
            self._die()
        self._writes += sql.startswith(WRITES)
        return run(sql, *more)

    def _strike(self, number: int, *, acted: bool) -> None:
        trouble = self._trouble
        if isinstance(trouble, KilledAtStatement | None):
            return
        if (trouble.call, trouble.acted) != (number, acted):
            return
        self._trouble, self.came_true = None, True
        if isinstance(trouble, KilledAtCall):
            self._die()
            return
        self._is_within = True
        try:
            self._meanwhile(trouble.deed, trouble.pick)
        except Killed:
            pass  # it waited for the call that it happened within
        finally:
            self._is_within = False

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
        if self._is_within:
            raise Killed
        self._hands.sleep(seconds)
