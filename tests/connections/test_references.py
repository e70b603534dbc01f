import pytest

from connections import references
from terra_portal.errors import InvalidInputError


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, ""),
        ("", ""),
        ("user-1", "user-1"),
        ("x" * 512, "x" * 512),
        ("ö 🙂", "ö 🙂"),
        (" ", " "),
    ],
)
def test_fit(given: str | None, kept: str) -> None:
    assert references.clean(given) == kept


@pytest.mark.parametrize(
    "given", ["x" * 513, "a\x00b", "a\nb", "a\x7fb", "\x85", "\ud800", "a\udfffb"]
)
def test_unfit(given: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        references.clean(given)
    assert caught.value.field == "reference_id"
