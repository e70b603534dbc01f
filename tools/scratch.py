"""A scratch copy of the checkout with a database of its own, to run tests in."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tools import outcomes
from tools.environment import ROOT
from tools.postgres import clone_database, create_database, with_name
from tools.suite import test_environment

LEFT_OUT = (".git", ".venv", "var", "__pycache__", ".*_cache", "staticfiles", "node_modules")
PATIENCE_SECONDS = 600


class TestsError(Exception):
    """Tests that could not be run at all."""

    __test__ = False


@dataclass(frozen=True)
class Run:
    outcomes: dict[str, str]
    output: str


@dataclass(frozen=True)
class Scratch:
    """`template` names a migrated database to copy; without it the tests make their own."""

    folder: Path
    url: str
    template: str = ""
    slot: str = "unbroken"

    def copy(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(ROOT, self.folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)

    def run(self, tests: Sequence[str], *, parallel: int = 0, new_schema: bool = False) -> Run:
        name = f"{_base(self.url)}_{self.slot}{'_new' if new_schema else ''}"
        database = ["--create-db"]
        if self.template and not new_schema:
            clone_database(self.url, template=self.template, name=f"test_{name}")
            database = ["--reuse-db"]
        workers = ["-n", str(parallel)] if parallel else ["-p", "no:xdist"]
        options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-p", "tools.outcomes"]
        command = [sys.executable, "-m", "pytest", *options, *database, *workers, *tests]
        return _run(command, self.folder, with_name(self.url, name))


def prepare_template(folder: Path, url: str) -> str:
    """A database migrated by the unbroken tree. Copies of it start all breakages alike."""
    name = f"{_base(url)}_template"
    create_database(url, name)
    environment = test_environment(with_name(url, name))
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"],
        cwd=folder,
        env=environment | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise TestsError(done.stdout + done.stderr)
    return name


def _run(command: list[str], folder: Path, url: str) -> Run:
    path = folder / "outcomes.json"
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=test_environment(url) | {outcomes.VARIABLE: str(path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise TestsError(f"its tests still ran after {PATIENCE_SECONDS} s") from error
    finally:
        _end(process)
    found: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return Run(found, output)


def _end(process: "subprocess.Popen[str]") -> None:
    """With everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _base(url: str) -> str:
    return urlsplit(url).path.strip("/")
