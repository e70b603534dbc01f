"""docs/providers.md: its words are by hand, its facts and its matrix stand between markers."""

from collections.abc import Iterable, Mapping

from connections.providers import PROVIDERS, WearableProvider
from connections.providers.facts import Confidence, Fact
from tests.matrix.cases import Case
from tools.environment import ROOT

PAGE = ROOT / "docs" / "providers.md"
Cells = Mapping[tuple[str, str], str]

FACTS, MATRIX = "facts", "matrix"
CONFIDENCE = {
    Confidence.DOCUMENTED: "the maker's own pages say it",
    Confidence.CODE: "others' programs that talk to the maker do it like that",
    Confidence.REPORTED: "others who run it say so, or sources conflict",
    Confidence.INFERRED: "it follows from what is documented",
    Confidence.UNKNOWN: "looked for; the portal is built to behave rightly either way",
}
LIVE = "Verified against the live service: no."
OURS = "There is no live service: it is the make-believe wearable that comes with the portal."
NOTHING = "—"


class NoPlaceError(Exception):
    """The page has no place, or several, for what is to be written."""


class MissingCellsError(Exception):
    """Some cells of the matrix have not been filled."""


def text(page: str, cells: Cells) -> str:
    """The page with the facts as declared, and the word that was seen in each cell.

    Raises NoPlaceError or MissingCellsError.
    """
    sections = [_confidences(), *(_section(maker) for maker in PROVIDERS)]
    return _placed(_placed(page, FACTS, "\n\n".join(sections)), MATRIX, _matrix(cells))


def read(page: str) -> dict[tuple[str, str], str]:
    """The words of the matrix, by row and provider, as a page has them."""
    lines = _parts(page, MATRIX)[1].splitlines()
    table = [_columns(line) for line in lines if line.startswith("|")]
    if not table:
        return {}
    head, _, *rows = table
    names = {maker.display_name: maker.resource for maker in PROVIDERS}
    return {
        (row, names.get(name, name)): word
        for row, *words in rows
        for name, word in zip(head[1:], words, strict=True)
    }


def _placed(page: str, name: str, section: str) -> str:
    before, _, after = _parts(page, name)
    return f"{before}\n\n{section}\n\n{after}"


def _parts(page: str, name: str) -> tuple[str, str, str]:
    """What stands before, between and after the markers; they go with the outer parts."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise NoPlaceError(f"docs/providers.md needs {begin} and {end}, once, in order")
    before, rest = page.split(begin)
    inside, after = rest.split(end)
    return before + begin, inside, end + after


def _confidences() -> str:
    lines = [f"- *{confidence.value}*: {CONFIDENCE[confidence]}" for confidence in Confidence]
    return "\n".join(lines)


def _section(maker: type[WearableProvider]) -> str:
    said = [f"### {maker.display_name} (`{maker.resource}`)", LIVE if maker.hosts else OURS]
    if maker.own_client_because:
        said.append(f"A company brings its own application: {maker.own_client_because}")
    rows = [_fact(maker, fact) for fact in maker.facts]
    return "\n\n".join([*said, _table(["about", "what is known", "how well", "page"], rows)])


def _fact(maker: type[WearableProvider], fact: Fact) -> list[str]:
    page = fact.page if maker.hosts else fact.page.removeprefix("docs/")
    link = f"[{page.removeprefix('https://').rstrip('/')}]({page})" if page else NOTHING
    return [fact.about.value, fact.says, fact.confidence.value, link]


def _matrix(cells: Cells) -> str:
    every = [(row, maker) for row in Case for maker in PROVIDERS]
    missing = [
        f"{row}, {maker.display_name}"
        for row, maker in every
        if not cells.get((row, maker.resource))
    ]
    if missing:
        raise MissingCellsError("; ".join(missing))
    head = ["", *(maker.display_name for maker in PROVIDERS)]
    return _table(head, [[row, *(cells[row, one.resource] for one in PROVIDERS)] for row in Case])


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_escaped(one) for one in line)} |" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")


def _columns(line: str) -> list[str]:
    return [column.strip() for column in line.strip().strip("|").split("|")]
