"""A pytest plugin that writes how each test ended, for the breakages to read."""

import json
import os
from pathlib import Path

import pytest

VARIABLE = "TEST_OUTCOMES"
_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test has failed if any of its phases has; else its call decides."""
    if report.failed:
        _outcomes[report.nodeid] = "failed"
    elif report.skipped or report.when == "call":
        _outcomes.setdefault(report.nodeid, report.outcome)


def pytest_sessionfinish(session: pytest.Session) -> None:
    Path(os.environ[VARIABLE]).write_text(json.dumps(_outcomes))
