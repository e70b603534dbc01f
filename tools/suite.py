"""`./run test`: pytest on PostgreSQL."""

import os
import sys

from tools.environment import ROOT
from tools.postgres import database
from tools.processes import exit_on_signals, run_to_end

# What decides how many processes run, or needs the terminal for itself.
SINGLE = {"-n", "--numprocesses", "--pdb", "--trace", "--collect-only", "--co", "--dist"}
# A developer's shell must not decide what the tests mean; tests/settings.py sets these.
FOREIGN = {"TERRA_PORTAL_DEMO", "DJANGO_SETTINGS_MODULE", "PORTAL_PORT", "SANDBOX_PORT"}


def main(arguments: list[str]) -> int:
    exit_on_signals()
    with database(os.environ.get("DATABASE_URL", "")) as url:
        command = [sys.executable, "-m", "pytest", *parallel(arguments), *arguments]
        return run_to_end(command, env=test_environment(url), cwd=ROOT)


def parallel(arguments: list[str]) -> list[str]:
    """Two processes, each with its own database; one where the caller says or asks for little."""
    flags = {argument.partition("=")[0] for argument in arguments}
    if flags & SINGLE or any(flag.startswith("-n") for flag in flags):
        return []
    if any("::" in argument for argument in arguments):
        return []
    return ["-n", "2", "--dist", "worksteal"]


def test_environment(url: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return kept | {"DATABASE_URL": url, "PYTHONUNBUFFERED": "1"}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
