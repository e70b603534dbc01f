from pathlib import Path

import pytest

from tools.mutation import Edit, StaleError, ended, load, missed

GOOD = """
invariant = "1 Isolation"
tests = ["tests/test_a.py::test_b"]
[[edit]]
file = "shop/rule.py"
find = "return False"
replace = "return True"
"""


def kept(folder: Path, text: str) -> Path:
    path = folder / "01-isolation.toml"
    path.write_text(text)
    return path


def test_a_breakage_changes_its_file(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    rule = tmp_path / "shop" / "rule.py"
    rule.write_text("def open() -> bool:\n    return False\n")
    load(kept(tmp_path, GOOD)).apply(tmp_path)
    assert rule.read_text() == "def open() -> bool:\n    return True\n"


@pytest.mark.parametrize("text", ["nothing here", "twice: return False, return False"])
def test_a_text_that_is_not_there_once_is_stale(text: str) -> None:
    with pytest.raises(StaleError):
        Edit("rule.py", "return False", "return True").applied(text)


def test_a_file_that_is_gone_is_stale(tmp_path: Path) -> None:
    with pytest.raises(StaleError):
        load(kept(tmp_path, GOOD)).apply(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("invariant", "title"), "invariant"),
        (GOOD.replace("find", "search"), "search"),
        (GOOD.replace('"return True"', '"return False"'), "changes nothing"),
        (GOOD.replace('["tests/test_a.py::test_b"]', "[]"), "no test"),
        ("= = =", "cannot be read"),
    ],
)
def test_an_unfit_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StaleError, match=said):
        load(kept(tmp_path, text))


@pytest.mark.parametrize(
    ("file", "touches"),
    [("connections/migrations/0001_initial.py", True), ("connections/models/grant.py", False)],
)
def test_a_broken_migration_needs_a_new_schema(tmp_path: Path, file: str, touches: bool) -> None:
    breakage = load(kept(tmp_path, GOOD.replace("shop/rule.py", file)))
    assert breakage.touches_schema is touches


OUTCOMES = {
    "t.py::test_a": "passed",
    "t.py::test_a_longer_name": "failed",
    "t.py::test_cases[1]": "passed",
    "t.py::test_cases[2]": "failed",
    "t.py::test_browser": "skipped",
}


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("t.py::test_a", "passed"),
        ("t.py::test_cases", "failed"),
        ("t.py::test_cases[1]", "passed"),
        ("t.py", "failed"),
        ("t.py::test_browser", "skipped"),
        ("t.py::test_gone", "did not run"),
    ],
)
def test_how_a_name_ended(name: str, how: str) -> None:
    assert ended(name, OUTCOMES) == how


def test_only_the_wanted_end_counts() -> None:
    names = ["t.py::test_a", "t.py::test_cases", "t.py::test_browser"]
    assert missed(names, OUTCOMES, wanted="failed") == [
        "t.py::test_a (passed)",
        "t.py::test_browser (skipped)",
    ]
