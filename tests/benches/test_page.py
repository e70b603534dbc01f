"""Figures take the place of the last ones and leave every other word alone."""

import pytest

from benches import catalogue, page

TEXT = """# Words

<!-- bench one -->
old
<!-- end of bench one -->

more <!-- bench two --> words
"""


def test_figures_take_the_place_of_the_last_ones() -> None:
    once = page.placed(TEXT, "one", "| new |")
    assert once == TEXT.replace("old\n", "\n| new |\n\n")
    assert page.placed(once, "one", "| new |") == once


@pytest.mark.parametrize(
    "text",
    [
        "# Words",
        TEXT + TEXT,
        "<!-- end of bench one -->\n<!-- bench one -->\n",
        TEXT.replace("end of bench", "end"),
    ],
    ids=["none", "two", "the wrong way round", "no end"],
)
def test_a_page_without_one_place_is_refused(text: str) -> None:
    with pytest.raises(page.NoPlaceError, match="bench one"):
        page.placed(text, "one", "new")


@pytest.mark.parametrize("name", catalogue.SENTENCES)
def test_every_bench_has_its_place(name: str) -> None:
    assert "new" in page.placed(page.PAGE.read_text(), name, "new")
