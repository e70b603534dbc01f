"""Pages of a list by key: where a page begins is the row it begins after, never an offset.

Cost does not grow with the depth, and rows that arrive meanwhile move nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

PAGE_SIZE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"([on])([0-9]{1,18})-([0-9a-f]{32})")

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Cursor:
    """Older or newer than one row; rows of one moment are told apart by their id."""

    older: bool
    time: datetime
    id: UUID

    def __str__(self) -> str:
        micros = (self.time - _EPOCH) // timedelta(microseconds=1)
        return f"{'o' if self.older else 'n'}{micros}-{self.id.hex}"


@dataclass(frozen=True)
class Page(Generic[M]):
    """Rows, newest first, and the cursors of its neighbours; empty where there is none."""

    rows: Sequence[M]
    newer: str = ""
    older: str = ""


@dataclass(frozen=True)
class Links:
    """What the pager component draws."""

    previous_url: str
    next_url: str
    count_text: str


def links(page: Page[M], query: QueryDict) -> Links:
    """The neighbours' addresses, with the reader's filters kept."""
    return Links(
        previous_url=_turned(query, page.newer),
        next_url=_turned(query, page.older),
        count_text=f"{len(page.rows)} shown, newest first",
    )


def _turned(query: QueryDict, cursor: str) -> str:
    if not cursor:
        return ""
    kept = query.copy()
    kept["page"] = cursor
    return "?" + kept.urlencode()


def read_cursor(text: str) -> Cursor | None:
    """None for anything that this portal did not write: the reader then gets the first page."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        return None
    try:
        time = _EPOCH + timedelta(microseconds=int(match[2]))
    except OverflowError:
        return None
    return Cursor(older=match[1] == "o", time=time, id=UUID(match[3]))


def page(rows: QuerySet[M], cursor: str = "", *, by: str, size: int = PAGE_SIZE) -> Page[M]:
    """A page of `rows`, newest first by the time field `by` and then by id.

    An index that ends in (`by` descending, id descending) answers it with `size` + 1 rows read.
    """
    at = read_cursor(cursor)
    if at is None:
        return _first(rows, by, size)
    return _older(rows, at, by, size) if at.older else _newer(rows, at, by, size)


def _first(rows: QuerySet[M], by: str, size: int) -> Page[M]:
    found = list(rows.order_by(f"-{by}", "-pk")[: size + 1])
    return Page(
        found[:size], older=_beside(found[:size][-1], by, older=True) if found[size:] else ""
    )


def _older(rows: QuerySet[M], at: Cursor, by: str, size: int) -> Page[M]:
    beyond = rows.filter(Q(**{f"{by}__lt": at.time}) | Q(pk__lt=at.id), **{f"{by}__lte": at.time})
    found = list(beyond.order_by(f"-{by}", "-pk")[: size + 1])
    if not found:
        return _first(rows, by, size)
    return Page(
        found[:size],
        newer=_beside(found[0], by, older=False),
        older=_beside(found[:size][-1], by, older=True) if found[size:] else "",
    )


def _newer(rows: QuerySet[M], at: Cursor, by: str, size: int) -> Page[M]:
    beyond = rows.filter(Q(**{f"{by}__gt": at.time}) | Q(pk__gt=at.id), **{f"{by}__gte": at.time})
    found = list(beyond.order_by(by, "pk")[: size + 1])
    if len(found) <= size:
        return _first(rows, by, size)
    shown = found[:size][::-1]
    return Page(
        shown,
        newer=_beside(shown[0], by, older=False),
        older=_beside(shown[-1], by, older=True),
    )


def _beside(row: M, by: str, *, older: bool) -> str:
    return str(Cursor(older=older, time=getattr(row, by), id=row.pk))
