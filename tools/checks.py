"""`./run check`: everything that can be said of the code without running the tests."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field

from tools.console import say, took
from tools.environment import ROOT
from tools.processes import exit_on_signals, workers

PACKAGES = ("terra_portal", "developers", "connections", "tests", "tools", "benches")
# As in production, with values that nobody uses: the deployment check must find nothing to say.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "terra_portal.settings",
    "SECRET_KEY": "production-like-key-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGH",
    "ENCRYPTION_KEYS": "check:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "ALLOWED_HOSTS": "portal.example",
    "PUBLIC_BASE_URL": "https://portal.example",
    "CELERY_BROKER_URL": "redis://broker.example:6379/0",
    "DATABASE_URL": "postgresql://portal@database.example:5432/portal",
}
# A Django project of its own: its own settings, migrations and mypy.ini.
SANDBOX = "connections/sandbox"
SANDBOX_TYPES = ("--config-file", f"{SANDBOX}/mypy.ini", SANDBOX)
IMPORT_LINTER = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"


@dataclass(frozen=True)
class Check:
    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    check: Check
    passed: bool
    seconds: float
    output: str


def checks(scratch: str) -> list[Check]:
    """The slow ones first: they run two at a time."""
    demo = {"TERRA_PORTAL_DEMO": "1", "PORTAL_VAR": scratch}
    settings = f"{SANDBOX.replace('/', '.')}.settings"
    sandbox = {"DJANGO_SETTINGS_MODULE": settings, "SANDBOX_DATA": scratch}
    return [
        Check("types (mypy strict)", ["-m", "mypy", *PACKAGES], demo),
        Check("types of the sandbox", ["-m", "mypy", *SANDBOX_TYPES]),
        Check("lint (ruff)", ["-m", "ruff", "check", "."]),
        Check("format (ruff)", ["-m", "ruff", "format", "--check", "."]),
        Check("import contract", ["-c", IMPORT_LINTER]),
        Check("templates (djlint)", ["-m", "djlint", "--lint", "--quiet", *template_folders()]),
        Check("migrations", _manage("makemigrations", "--check", "--dry-run"), demo),
        Check("deployment", _manage("check", "--deploy", "--fail-level", "WARNING"), PRODUCTION),
        Check("sandbox", _manage("check"), sandbox),
        Check("sandbox migrations", _manage("makemigrations", "--check", "--dry-run"), sandbox),
    ]


def template_folders() -> list[str]:
    ours = [path for package in PACKAGES for path in sorted((ROOT / package).glob("**/templates"))]
    return ["templates", *(str(path.relative_to(ROOT)) for path in ours)]


def run(check: Check) -> Result:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *check.command],
        cwd=ROOT,
        env=clean_environment() | dict(check.env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(check, done.returncode == 0, time.monotonic() - began, done.stdout)


def clean_environment() -> dict[str, str]:
    """Without what a developer's shell may say about the portal itself."""
    ours = {*PRODUCTION, "TERRA_PORTAL_DEMO", "PORTAL_VAR"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def report(result: Result) -> None:
    say(f"{'✓' if result.passed else '✗'} {result.check.name} ({took(result.seconds)})")
    if not result.passed:
        say(result.output.rstrip() + "\n")


def _manage(*arguments: str) -> list[str]:
    return ["manage.py", *arguments]


def main() -> int:
    exit_on_signals()
    with tempfile.TemporaryDirectory() as scratch, workers(2) as pool:
        waiting = [pool.submit(run, check) for check in checks(scratch)]
        results = []
        for future in as_completed(waiting):
            results.append(future.result())
            report(results[-1])
    failed = [result.check.name for result in results if not result.passed]
    say(f"{len(results) - len(failed)} of {len(results)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
