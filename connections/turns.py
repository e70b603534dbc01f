"""Whose turn it is: one application after the other, each as far as its pace allows."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from connections import pacing
from connections.hands import EACH, Job


class Line(Protocol):
    """The rows that wait for one application."""

    @property
    def client_id(self) -> UUID: ...

    def peek(self, number: int) -> list[UUID]:
        """The next ones, at most `number`; empty when there are no more."""

    def claim(self, ids: list[UUID]) -> list[UUID]:
        """Those of them that are now ours alone."""


L = TypeVar("L", bound=Line)


class Turns(Generic[L]):
    """Lines in rotation. Each row takes a slot of its application.

    One that may not knock just now is left to a later sweep; its rows are not read over.
    """

    def __init__(self, lines: Iterable[L]) -> None:
        self.lines = deque(lines)

    def claim(self, room: int, engaged: Counter[UUID]) -> list[Job]:
        jobs: list[Job] = []
        for _ in range(len(self.lines)):
            if len(jobs) >= room:
                break
            line = self.lines.popleft()
            number = min(room - len(jobs), EACH - engaged[line.client_id])
            if number <= 0 or self.rests(line):
                self.lines.append(line)
                continue
            waiting = len(line.peek(number))
            slots = pacing.take(line.client_id, waiting) if waiting else 0
            if slots:
                self.lines.append(line)
                jobs += [Job(line.client_id, row_id) for row_id in _claim(line, slots)]
            elif waiting:
                self.put_by(line)
        return jobs

    def rests(self, line: L) -> bool:
        return False

    def put_by(self, line: L) -> None:
        """It has rows, but may not knock: here it leaves the rotation."""

    def patience(self) -> float:
        return 0.01 if self.lines else 0


def _claim(line: Line, slots: int) -> list[UUID]:
    """Rows for slots that are taken: where another worker was quicker, the next ones."""
    mine: list[UUID] = []
    while len(mine) < slots and (ids := line.peek(slots - len(mine))):
        mine += line.claim(ids)
    return mine


class Batch:
    """Rows that were found at once, each claimed when somebody is free for it. No pace."""

    def __init__(self, rows: Iterable[tuple[UUID, UUID]], claim: Callable[[UUID], bool]) -> None:
        self._left = deque(Job(client_id, row_id) for client_id, row_id in rows)
        self._claim = claim

    def claim(self, room: int, engaged: Counter[UUID]) -> list[Job]:
        jobs: list[Job] = []
        taken = Counter(engaged)
        for _ in range(len(self._left)):
            if len(jobs) >= room:
                break
            job = self._left.popleft()
            if taken[job.client_id] >= EACH:
                self._left.append(job)
            elif self._claim(job.row_id):
                taken[job.client_id] += 1
                jobs.append(job)
        return jobs

    def patience(self) -> float:
        return 0.01 if self._left else 0
