from pathlib import Path

import pytest

from tests.tools.test_mutation import GOOD
from tools.breakages import chosen
from tools.mutation import StaleError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("01-isolation", "02-independence", "02-independence-of-scopes"):
        (tmp_path / f"{name}.toml").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], ["01-isolation", "02-independence", "02-independence-of-scopes"]),
        (["02"], ["02-independence", "02-independence-of-scopes"]),
        (["tests/breakages/01-isolation.toml"], ["01-isolation"]),
    ],
)
def test_the_named_ones_are_chosen(folder: Path, names: list[str], found: list[str]) -> None:
    assert [breakage.name for breakage in chosen(names, folder)] == found


def test_an_unknown_name_is_an_error(folder: Path) -> None:
    with pytest.raises(StaleError, match="03"):
        chosen(["01", "03"], folder)
