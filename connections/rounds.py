"""A round over all rows that somebody asks for, whatever their schedule says.

Leases, the rules of evidence and each application's pace hold as ever: the round waits for them.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from connections import clients, grants, hands, pacing
from connections.models import Connection, ConnectionQuerySet, Grant, OAuthClient
from connections.providers import REGISTRY
from connections.states import GrantState
from connections.turns import Line, Turns
from developers.models import Environment
from terra_portal import clock

PAGE = 100


@dataclass(frozen=True)
class Scope:
    """Of one provider, of one environment, or all there are."""

    provider: str = ""
    environment: Environment | None = None

    def clients(self) -> QuerySet[OAuthClient]:
        """Those of providers that this portal knows; an environment's are those that it uses."""
        names = [self.provider] if self.provider else list(REGISTRY)
        rows = OAuthClient.objects.filter(provider__in=names)
        if self.environment is None:
            return rows
        lineup = clients.lineup(self.environment)
        offered = [place.client.pk for place in lineup if place.client]
        stood_on = self._users().active().values("grant__oauth_client")
        return rows.filter(Q(pk__in=offered) | Q(pk__in=stood_on))

    def living(self) -> QuerySet[Grant]:
        """An environment's grants are those that a user of its stands on."""
        rows = Grant.objects.filter(state__in=grants.PROBED)
        if self.environment is None:
            return rows
        return rows.filter(Exists(self._users().active().filter(grant=OuterRef("pk"))))

    def to_be_revoked(self) -> QuerySet[Grant]:
        """An environment's are those that a user of its stood on."""
        rows = Grant.objects.filter(state=GrantState.REVOKING, revoke_due_at__isnull=False)
        if self.environment is None:
            return rows
        return rows.filter(Exists(self._users().filter(grant=OuterRef("pk"))))

    def _users(self) -> ConnectionQuerySet:
        assert self.environment is not None
        return Connection.objects.for_environment(self.environment)


def over_grants(
    rows: QuerySet[Grant], scope: Scope, act: Callable[[UUID], str], watch: "Watch"
) -> Counter[str]:
    """Does it to each of these grants; counts what came of it."""
    some = Exists(rows.filter(oauth_client=OuterRef("pk")))
    ids = list(scope.clients().filter(some).order_by("pk").values_list("pk", flat=True))
    return _over((Pages(pk, rows) for pk in ids), act, watch)


def over_clients(
    rows: QuerySet[OAuthClient], act: Callable[[UUID], str], watch: "Watch"
) -> Counter[str]:
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    return _over((Itself(pk) for pk in ids), act, watch)


def _over(lines: Iterable[Line], act: Callable[[UUID], str], watch: "Watch") -> Counter[str]:
    counts: Counter[str] = Counter()
    turns = Patient(lines, watch)
    for outcome in hands.work_off(turns, act, stop=watch.is_stopped):
        counts[outcome] += 1
        watch.saw(counts)
    return counts


class Watch(Protocol):
    """Who follows a round, and may break it off."""

    def is_stopped(self) -> bool: ...

    def saw(self, counts: Counter[str]) -> None: ...

    def waits(self, client_id: UUID, until: datetime) -> None: ...


class Patient(Turns[Line]):
    """Keeps an application that may not knock just now, and comes back when it may."""

    def __init__(self, lines: Iterable[Line], watch: Watch) -> None:
        super().__init__(lines)
        self._watch = watch
        self._until: dict[UUID, datetime] = {}

    def rests(self, line: Line) -> bool:
        until = self._until.get(line.client_id)
        return until is not None and until > clock.now()

    def put_by(self, line: Line) -> None:
        client = OAuthClient.objects.get(pk=line.client_id)
        self._until[line.client_id] = pacing.free_at(client, clock.now())
        self.lines.append(line)

    def patience(self) -> float:
        if not self.lines:
            return 0
        if not all(self.rests(line) for line in self.lines):
            return 0.01
        client_id, until = min(self._resting(), key=lambda rest: rest[1])
        self._watch.waits(client_id, until)
        return max((until - clock.now()).total_seconds(), 0.01)

    def _resting(self) -> Iterator[tuple[UUID, datetime]]:
        return ((line.client_id, self._until[line.client_id]) for line in self.lines)


class Pages:
    """The grants of one application, a page at a time, in the order of a unique index."""

    def __init__(self, client_id: UUID, rows: QuerySet[Grant]) -> None:
        self.client_id = client_id
        self._rows = rows.filter(oauth_client=client_id).order_by("provider_user_id")
        self._ahead: deque[UUID] = deque()
        self._last: str | None = None

    def peek(self, number: int) -> list[UUID]:
        if not self._ahead:
            rest = self._rows
            if self._last is not None:
                rest = rest.filter(provider_user_id__gt=self._last)
            for grant_id, self._last in rest.values_list("pk", "provider_user_id")[:PAGE]:
                self._ahead.append(grant_id)
        return list(islice(self._ahead, number))

    def claim(self, ids: list[UUID]) -> list[UUID]:
        return [self._ahead.popleft() for _ in ids]


class Itself:
    """One call for the application as a whole."""

    def __init__(self, client_id: UUID) -> None:
        self.client_id = client_id
        self._left = [client_id]

    def peek(self, number: int) -> list[UUID]:
        return self._left[:number]

    def claim(self, ids: list[UUID]) -> list[UUID]:
        self._left = self._left[len(ids) :]
        return ids
