"""docs/benchmarks.md: words by hand, figures between markers by the benches."""

from tools.console import say
from tools.environment import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


class NoPlaceError(Exception):
    """The page has no place, or several, for the figures of a bench."""


def write(name: str, section: str) -> None:
    PAGE.write_text(placed(PAGE.read_text(), name, section))
    say(f"✓ written into {PAGE.relative_to(ROOT)}")


def placed(text: str, name: str, section: str) -> str:
    """The page with `section` where the figures of this bench stand. Raises NoPlaceError."""
    begin, end = f"<!-- bench {name} -->\n", f"<!-- end of bench {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise NoPlaceError(f"docs/benchmarks.md needs {begin.strip()} and {end}, once, in order")
    before, rest = text.split(begin)
    return f"{before}{begin}\n{section.strip()}\n\n{end}{rest.split(end)[1]}"
