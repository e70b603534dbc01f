"""Writes docs/providers.md with what a run of the matrix has left in a file."""

import importlib
import json
import sys
from pathlib import Path

import django

from tools.console import say


def main(path: str) -> int:
    """1, with a sentence, where a cell was not filled: nothing is written then."""
    django.setup()
    page = importlib.import_module("tests.matrix.page")
    cells = {(row, resource): seen for row, resource, seen in json.loads(Path(path).read_text())}
    try:
        text = page.text(page.PAGE.read_text(), cells)
    except page.MissingCellsError as missing:
        say(f"These cells of the matrix were not filled: {missing}.")
        return 1
    except page.NoPlaceError as error:
        say(f"{error}.")
        return 1
    page.PAGE.write_text(text)
    say(f"✓ written into {page.PAGE.relative_to(page.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
