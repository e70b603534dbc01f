"""docs/providers.md is what the modules declare, with a word in every cell of the matrix."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from connections.providers import PROVIDERS
from tests.matrix import page
from tests.matrix.cases import PROPERTY, Case
from tools import cells, suite
from tools.environment import ROOT

EMPTY = """# Providers

<!-- facts -->
<!-- end of facts -->

Words.

<!-- matrix -->
<!-- end of matrix -->
"""
EVERY = [(row.value, maker.resource) for row in Case for maker in PROVIDERS]


def test_the_page_is_up_to_date() -> None:
    """If not: `./run matrix`."""
    written = page.PAGE.read_text()
    assert written == page.text(written, page.read(written))


def test_what_is_written_can_be_read_again() -> None:
    seen = {cell: f"word {number}" for number, cell in enumerate(EVERY)}
    text = page.text(EMPTY, seen)
    assert page.read(EMPTY) == {}
    assert page.read(text) == seen
    assert page.text(text, seen) == text
    assert text.count(page.LIVE) == sum(bool(maker.hosts) for maker in PROVIDERS)
    for maker in PROVIDERS:
        assert all(fact.says in text for fact in maker.facts)


def test_a_cell_that_is_not_filled_is_missed() -> None:
    seen = dict.fromkeys(EVERY, "seen") | {EVERY[3]: ""}
    row, maker = Case.CONNECT, PROVIDERS[3]
    with pytest.raises(page.MissingCellsError, match=f"^{row}, {maker.display_name}$"):
        page.text(EMPTY, seen)


@pytest.mark.parametrize("marker", ["<!-- facts -->", "<!-- end of matrix -->"])
def test_a_page_without_a_place_is_refused(marker: str) -> None:
    seen = dict.fromkeys(EVERY, "seen")
    for unfit in (EMPTY.replace(marker, ""), EMPTY + marker):
        with pytest.raises(page.NoPlaceError, match=marker):
            page.text(unfit, seen)


def test_the_plugin_keeps_what_a_test_has_seen(tmp_path: Path) -> None:
    path, test = tmp_path / "cells.json", tmp_path / "test_one.py"
    test.write_text(
        "import pytest\n"
        "@pytest.fixture\n"
        "def cell(record_property):\n"
        "    yield\n"
        f"    record_property({PROPERTY!r}, ['row', 'ACME', 'seen'])\n"
        "def test_one(cell):\n"
        "    pass\n"
    )
    options = ["-p", "tools.cells", "-p", "no:django", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(tmp_path), str(test)],
        cwd=ROOT,
        env=suite.test_environment("none://") | {cells.VARIABLE: str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(path.read_text()) == [["row", "ACME", "seen"]]


def test_without_all_cells_nothing_is_written(tmp_path: Path) -> None:
    before = page.PAGE.read_text()
    path = tmp_path / "cells.json"
    path.write_text(json.dumps([[*cell, "seen"] for cell in EVERY[1:]]))
    done = subprocess.run(
        [sys.executable, "-m", "tests.matrix", str(path)],
        cwd=ROOT,
        env=suite.test_environment(os.environ["DATABASE_URL"])
        | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"not filled: connect, {PROVIDERS[0].display_name}." in done.stderr
    assert page.PAGE.read_text() == before
