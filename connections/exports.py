"""The revocation log as a file: all that was asked for, in constant memory."""

import csv
import json
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from uuid import UUID

from django.http import StreamingHttpResponse

from connections import log
from connections.models import Revocation
from developers.models import Environment, EnvironmentQuerySet
from developers.rest.pages import page
from terra_portal import tenancy

CHUNK = 500
# What a spreadsheet takes for the beginning of a formula, in both widths.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"

    @property
    def media_type(self) -> str:
        return "text/csv" if self is Form.CSV else "application/x-ndjson"


def revocations(
    rows: EnvironmentQuerySet[Revocation],
    environment: Environment,
    form: Form,
    *,
    cursor: str = "",
) -> StreamingHttpResponse:
    """The rows, newest first, as a file to save; from `cursor` on where one is given.

    Rows are those of `log.entries`, narrowed at will. Each chunk is a read of its own, so nothing
    is held open however slowly it is taken. The first is read before the answer begins, so that
    what fails can still say so. Raises InvalidInputError naming `cursor`.
    """
    chunks = _chunks(rows, environment.pk, cursor)
    first = next(chunks)
    whole = chain([first], chunks)
    name = f"revocations-{environment.company.slug}-{environment.kind}.{form}"
    return StreamingHttpResponse(
        _csv(whole) if form is Form.CSV else _lines(whole),
        content_type=f"{form.media_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _chunks(
    rows: EnvironmentQuerySet[Revocation], environment_id: UUID, cursor: str
) -> Iterator[list[Revocation]]:
    following: str | None = cursor
    while following is not None:
        # The view has returned by the second chunk, so its tenancy has to be entered again.
        with tenancy.environment(environment_id):
            found, following = page(rows, following, by=log.BY, size=CHUNK)
        yield found


class _Line:
    """A file for csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


def _csv(chunks: Iterator[list[Revocation]]) -> Iterator[str]:
    writer = csv.DictWriter(_Line(), log.COLUMNS)
    yield writer.writeheader()
    for rows in chunks:
        yield "".join(writer.writerow(_cells(entry)) for entry in rows)


def _cells(entry: Revocation) -> dict[str, str]:
    return {name: _safe(value or "") for name, value in log.told(entry).items()}


def _lines(chunks: Iterator[list[Revocation]]) -> Iterator[str]:
    for rows in chunks:
        yield "".join(json.dumps(log.told(entry)) + "\n" for entry in rows)


def _safe(cell: str) -> str:
    """A spreadsheet must not run what somebody chose as a reference."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
