"""`./run breakages`: breaks each invariant in a scratch copy; the tests it names must fail.

A breakage is a file `tests/breakages/NAME.toml`:

    invariant = "2 Independence: ending one connection changes no other"
    tests = ["tests/connections/test_disconnect.py::test_the_other_company_notices_nothing"]

    [[edit]]
    file = "connections/disconnect.py"
    find = '''connections = [connection]'''
    replace = '''connections = list(connection.grant.connections.all())'''

`find` must be in the file exactly once: a breakage that no longer fits is stale, and an error.
"""

import os
import queue
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.console import say, took
from tools.environment import ROOT
from tools.mutation import Breakage, StaleError, load, missed
from tools.postgres import database
from tools.processes import exit_on_signals, workers
from tools.scratch import Scratch, TestsError, prepare_template

FOLDER = ROOT / "tests" / "breakages"
AT_ONCE = 2


@dataclass(frozen=True)
class Result:
    breakage: Breakage
    said: str
    seconds: float
    output: str = ""

    @property
    def shown(self) -> bool:
        return not self.said


def main(names: Sequence[str]) -> int:
    exit_on_signals()
    try:
        breakages = chosen(names)
        if not breakages:
            say("no breakages are kept yet")
            return 0
        with (
            tempfile.TemporaryDirectory(prefix="terra-portal-breakages-") as folder,
            database(os.environ.get("DATABASE_URL", "")) as url,
        ):
            return run_all(breakages, Path(folder), url)
    except (StaleError, TestsError) as error:
        say(str(error))
        return 1


def chosen(names: Sequence[str], folder: Path = FOLDER) -> list[Breakage]:
    """Those named (`03`, `03-counted-revoke`, or the file), else all."""
    found = [load(path) for path in sorted(folder.glob("*.toml"), key=lambda path: path.stem)]
    wanted = [Path(name).name.removesuffix(".toml") for name in names]
    unknown = [name for name in wanted if not any(_fits(one, name) for one in found)]
    if unknown:
        raise StaleError(f"no breakage is called {', '.join(unknown)}")
    return [one for one in found if not wanted or any(_fits(one, name) for name in wanted)]


def _fits(breakage: Breakage, name: str) -> bool:
    return breakage.name == name or breakage.name.startswith(f"{name}-")


def run_all(breakages: list[Breakage], folder: Path, url: str) -> int:
    prove_unbroken(breakages, folder, url)
    template = prepare_template(folder / "unbroken", url)
    slots: queue.Queue[Scratch] = queue.Queue()
    for number in range(AT_ONCE):
        slots.put(Scratch(folder / f"broken-{number}", url, template, f"slot{number}"))
    results = []
    with workers(AT_ONCE) as pool:
        waiting = [pool.submit(try_one, breakage, slots) for breakage in breakages]
        for future in as_completed(waiting):
            results.append(future.result())
            report(results[-1])
    return summary(results)


def prove_unbroken(breakages: Iterable[Breakage], folder: Path, url: str) -> None:
    """A test that fails anyway would prove nothing: all named ones must pass first."""
    names = sorted({name for breakage in breakages for name in breakage.tests})
    say(f"· {len(names)} named tests, unbroken …")
    began = time.monotonic()
    scratch = Scratch(folder / "unbroken", url)
    scratch.copy()
    run = scratch.run(names, parallel=AT_ONCE)
    unfit = missed(names, run.outcomes, wanted="passed")
    if unfit:
        raise TestsError(f"{run.output}\nNot passed in the unbroken tree:\n" + "\n".join(unfit))
    say(f"✓ all pass unbroken ({took(time.monotonic() - began)})")


def try_one(breakage: Breakage, slots: "queue.Queue[Scratch]") -> Result:
    began = time.monotonic()
    scratch = slots.get()
    try:
        scratch.copy()
        breakage.apply(scratch.folder)
        run = scratch.run(breakage.tests, new_schema=breakage.touches_schema)
        unfit = missed(breakage.tests, run.outcomes, wanted="failed")
        said = f"did not fail: {', '.join(unfit)}" if unfit else ""
        return Result(breakage, said, time.monotonic() - began, run.output)
    except (StaleError, TestsError) as error:
        return Result(breakage, str(error), time.monotonic() - began)
    finally:
        slots.put(scratch)


def report(result: Result) -> None:
    name = result.breakage.name
    say(f"{'✓' if result.shown else '✗'} {name} ({took(result.seconds)}) {result.said}".rstrip())
    if not result.shown and result.output:
        say(result.output)


def summary(results: list[Result]) -> int:
    say("")
    for result in sorted(results, key=lambda one: one.breakage.name):
        sign = "✓ noticed " if result.shown else "✗ UNNOTICED"
        say(f"{sign}  {result.breakage.name}  {result.breakage.invariant}")
    unnoticed = sum(not result.shown for result in results)
    say(f"\n{len(results) - unnoticed} of {len(results)} breakages were noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
