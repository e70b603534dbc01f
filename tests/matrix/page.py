"""docs/providers.md: what is known of each provider, and what the tests of the matrix saw."""

from collections.abc import Iterable, Iterator, Mapping

from connections.providers import PROVIDERS, WearableProvider
from connections.providers.facts import Confidence, Fact
from tests.matrix.cases import Case
from tools.environment import ROOT

PAGE = ROOT / "docs" / "providers.md"
Cells = Mapping[tuple[str, str], str]

HEAD = """\
# Providers

<!-- Written by `./run matrix`. The facts stand in connections/providers/, the words of the matrix in tests/matrix/. -->

Which wearables can be connected, what is known of each, and what the portal does with it. Nobody here has talked to the live services yet: what is known was read, and each sentence says how well it is known and where it stands. The [matrix](#the-matrix) at the end was seen: every cell is a test over HTTP, with the provider played by the sandbox as the facts describe it. Where a fact is wrong, provider and stand-in are wrong alike, and only the live service would show it.

How well something is known:

{confidence}
"""
CONFIDENCE = {
    Confidence.DOCUMENTED: "the maker's own pages say it",
    Confidence.CODE: "others' programs that talk to the maker do it like that",
    Confidence.REPORTED: "others who run it say so, or sources conflict",
    Confidence.INFERRED: "it follows from what is documented",
    Confidence.UNKNOWN: "looked for and not found; the portal is built to behave rightly either way",
}
LIVE = "Verified against the live service: no."
OURS = "There is no live service: it is the make-believe wearable that comes with the portal."
MATRIX = """\
## The matrix

One account at two companies that share one application, unless a row says otherwise. A cell says how it was told or what came of it; “—” begins a cell whose case cannot happen at that provider, and says what happens instead. In every cell it was seen as well that no company was ended that should not be, that none heard anything twice, and that each end is one row in the log and one event.

- *A revocation*: “the notice” ends it at once, as it proves itself. “Two probes” are two refused calls a minute or more apart; “the next refresh” is refused twice, with the access token out of date or refused too.
- *A bad day*: “needs attention” is `connection_error`, once to each company, with the cause on the user's page; “recovers” is by the next refresh or probe, without anybody's help.
- *410* is an outage, but where the maker has announced the end of its service: there it is `deauth`, and never `access_revoked`.
"""


class MissingCellsError(Exception):
    """Some cells of the matrix have not been filled."""


def text(cells: Cells) -> str:
    """The whole page, with the word that was seen in each cell. Raises MissingCellsError."""
    parts = [HEAD.format(confidence="\n".join(_confidences()))]
    parts += [_section(maker) for maker in PROVIDERS]
    return "\n".join([*parts, MATRIX, _matrix(cells), ""])


def read(page: str) -> dict[tuple[str, str], str]:
    """The words of the matrix, by row and provider, as a page has them."""
    lines = page.partition("## The matrix")[2].splitlines()
    head, _, *rows = [_columns(line) for line in lines if line.startswith("|")]
    names = {maker.display_name: maker.resource for maker in PROVIDERS}
    return {
        (row, names.get(name, name)): word
        for row, *words in rows
        for name, word in zip(head[1:], words, strict=True)
    }


def _confidences() -> Iterator[str]:
    return (f"- *{confidence.value}*: {CONFIDENCE[confidence]};" for confidence in Confidence)


def _section(maker: type[WearableProvider]) -> str:
    said = [f"## {maker.display_name} (`{maker.resource}`)", LIVE if maker.hosts else OURS]
    if maker.own_client_because:
        said.append(f"A company brings its own application: {maker.own_client_because}")
    rows = [_fact(maker, fact) for fact in maker.facts]
    facts = _table(["", "what is known", "how well", "page"], rows)
    return "\n\n".join([*said, facts]) + "\n"


def _fact(maker: type[WearableProvider], fact: Fact) -> list[str]:
    page = fact.page if maker.hosts else fact.page.removeprefix("docs/")
    shown = page.removeprefix("https://").removeprefix("http://").rstrip("/")
    link = f"[{shown}]({page})" if page else "—"
    return [fact.about.value, fact.says, fact.confidence.value, link]


def _matrix(cells: Cells) -> str:
    wanted = [(row, maker) for row in Case for maker in PROVIDERS]
    missing = [f"{row}, {one.display_name}" for row, one in wanted if not _word(cells, row, one)]
    if missing:
        raise MissingCellsError("; ".join(missing))
    head = ["", *(maker.display_name for maker in PROVIDERS)]
    return _table(head, [[row, *(_word(cells, row, one) for one in PROVIDERS)] for row in Case])


def _word(cells: Cells, row: Case, maker: type[WearableProvider]) -> str:
    return cells.get((row, maker.resource), "")


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_escaped(one) for one in line)} |" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")


def _columns(line: str) -> list[str]:
    return [column.strip() for column in line.strip().removeprefix("|").removesuffix("|").split("|")]
