"""One breakage: what it changes, which tests it names, and whether they ended as they must."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class StaleError(Exception):
    """A breakage that cannot be read or no longer fits the source."""


@dataclass(frozen=True)
class Edit:
    file: str
    find: str
    replace: str

    def applied(self, text: str) -> str:
        count = text.count(self.find)
        if count != 1:
            raise StaleError(f"stale: its text is {count} times in {self.file}, not once")
        return text.replace(self.find, self.replace)


@dataclass(frozen=True)
class Breakage:
    name: str
    invariant: str
    tests: tuple[str, ...]
    edits: tuple[Edit, ...]

    @property
    def touches_schema(self) -> bool:
        """Then the copied database, which was migrated unbroken, would hide the breakage."""
        return any("migrations/" in edit.file for edit in self.edits)

    def apply(self, folder: Path) -> None:
        for edit in self.edits:
            path = folder / edit.file
            if not path.exists():
                raise StaleError(f"stale: there is no {edit.file}")
            path.write_text(edit.applied(path.read_text()))


def load(path: Path) -> Breakage:
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text())
        edits = tuple(Edit(**edit) for edit in content["edit"])
        tests = tuple(content["tests"])
        invariant = str(content["invariant"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise StaleError(f"{path.name} cannot be read: {error}") from error
    if not edits or not tests:
        raise StaleError(f"{path.name} names no edit or no test")
    if any(edit.find == edit.replace for edit in edits):
        raise StaleError(f"{path.name} has an edit that changes nothing")
    return Breakage(path.stem, invariant, tests, edits)


def missed(names: Iterable[str], outcomes: Mapping[str, str], *, wanted: str) -> list[str]:
    """The names that did not end as wanted, each with how it ended.

    A name may stand for several cases (a parametrised test, a class, a file): all of them must
    pass to count as passed, one that fails is enough to count as failed.
    """
    return [f"{name} ({how})" for name in names if (how := ended(name, outcomes)) != wanted]


def ended(name: str, outcomes: Mapping[str, str]) -> str:
    cases = {how for test, how in outcomes.items() if _covers(name, test)}
    for how in ("failed", "skipped", "passed"):
        if how in cases:
            return how
    return "did not run"


def _covers(name: str, test: str) -> bool:
    return test == name or test.startswith((f"{name}[", f"{name}::"))
