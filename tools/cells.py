"""A pytest plugin that writes what the tests of the matrix saw in their cells."""

import json
import os
from pathlib import Path

import pytest

VARIABLE = "MATRIX_CELLS"
PROPERTY = "cell"
_cells: list[object] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        _cells.extend(value for name, value in report.user_properties if name == PROPERTY)


def pytest_sessionfinish(session: pytest.Session) -> None:
    Path(os.environ[VARIABLE]).write_text(json.dumps(_cells))
