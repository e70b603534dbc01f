"""`./run matrix`: every provider in every case, and docs/providers.md with what was seen."""

import os
import sys
import tempfile
from pathlib import Path

from tools import cells
from tools.console import say
from tools.environment import ROOT
from tools.postgres import database
from tools.processes import exit_on_signals, run_to_end
from tools.suite import parallel, test_environment

NOTHING = "Nothing was written into docs/providers.md."


def main(arguments: list[str]) -> int:
    """The page is written when every cell was filled, and by tests that passed."""
    exit_on_signals()
    with (
        database(os.environ.get("DATABASE_URL", "")) as url,
        tempfile.TemporaryDirectory(prefix="matrix-") as folder,
    ):
        path = Path(folder) / "cells.json"
        environment = test_environment(url) | {cells.VARIABLE: str(path)}
        tests = ["-p", "tools.cells", "tests/matrix", *parallel(arguments), *arguments]
        code = run_to_end([sys.executable, "-m", "pytest", *tests], env=environment, cwd=ROOT)
        if not code:
            written = environment | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
            command = [sys.executable, "-m", "tests.matrix", str(path)]
            code = run_to_end(command, env=written, cwd=ROOT)
    if code:
        say(NOTHING)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
