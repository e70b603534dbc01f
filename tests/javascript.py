"""Node with the packages that companies use, for tests that ask for it."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

FOLDER = Path(__file__).parent / "node"
CACHE = Path(settings.BASE_DIR) / "var" / "node"
NO_NODE = "no Node to run the packages of companies with"
INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
PATIENCE_SECONDS = 300


class Node:
    """Runs what lies in `tests/node` with its packages, at the versions of its lock file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def verdicts(self, requests: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
        """What each package says of each request: "valid", or why not."""
        found: dict[str, list[str]] = self.run("verify.mjs", requests)
        return found

    def outcomes(
        self, options: dict[str, Any], calls: Sequence[Sequence[Any]]
    ) -> list[dict[str, Any]]:
        """What Terra's client, made with `options`, returns or throws at each call."""
        asked = {"options": options, "calls": calls}
        found: list[dict[str, Any]] = self.run("client.mjs", asked)
        return found

    def run(self, script: str, given: Any) -> Any:
        done = subprocess.run(
            ["node", script],
            cwd=self.folder,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def node() -> Node:
    """Fails where REQUIRE_NODE=1 and it cannot be had; elsewhere its tests are skipped, loudly."""
    try:
        return Node(_installed())
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or error
        reason = f"{NO_NODE} (install Node 20 or newer with npm): {said}"
        if os.environ.get("REQUIRE_NODE") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def _installed() -> Path:
    """A folder of the very files that lie in tests/node; made once, by one process at a time."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise FileNotFoundError("node or npm is not on PATH")
    files = sorted(FOLDER.iterdir())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    folder = CACHE / digest
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(FOLDER, folder)
            subprocess.run(
                INSTALL,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=PATIENCE_SECONDS,
                check=True,
            )
            (folder / "installed").touch()
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr) for report in skipped if NO_NODE in str(report.longrepr)]
    if reasons:
        terminalreporter.section("NODE TESTS DID NOT RUN", sep="!", red=True, bold=True)
        count = f"{len(reasons)} tests were skipped"
        terminalreporter.line(f"{count}: {reasons[0]}", red=True)
