"""Whose turn it is: one application after the other, each as far as its pace allows."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

from connections import pacing
from connections.hands import EACH, Job


class Line(Protocol):
    """The rows that wait for one application."""

    client_id: UUID

    def peek(self, number: int) -> list[UUID]:
        """The next ones, at most `number`; empty when there are no more."""

    def claim(self, ids: list[UUID]) -> list[UUID]:
        """Those of them that are now ours alone."""


class Turns:
    """Lines in rotation. Each call takes a slot of its application.

    One that may not knock just now is left to a later sweep; its rows are not read over.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines = deque(lines)

    def claim(self, room: int, engaged: Counter[UUID]) -> list[Job]:
        jobs: list[Job] = []
        for _ in range(len(self.lines)):
            if len(jobs) >= room:
                break
            line = self.lines.popleft()
            number = min(room - len(jobs), EACH - engaged[line.client_id])
            if number <= 0:
                self.lines.append(line)
                continue
            ids = line.peek(number)
            slots = pacing.take(line.client_id, len(ids)) if ids else 0
            if slots or (ids and self.waits()):
                self.lines.append(line)
            jobs += [Job(line.client_id, row_id) for row_id in line.claim(ids[:slots])]
        return jobs

    def waits(self) -> bool:
        """Whether a line without a slot stays in the rotation."""
        return False

    def patience(self) -> float:
        return 0.01 if self.lines else 0


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
