"""Lists of the API in pages: newest first, each with the cursor of the next."""

from typing import Annotated, TypeVar

from django.db.models import Model, Q, QuerySet
from ninja import Query

from terra_portal import paging
from terra_portal.errors import InvalidInputError

CursorText = Annotated[
    str, Query(description="Where the page begins: `next` of the one before it.", max_length=100)
]
PerPage = Annotated[int, Query(ge=1, le=100)]

M = TypeVar("M", bound=Model)


def page(rows: QuerySet[M], cursor: str, *, by: str, size: int) -> tuple[list[M], str | None]:
    """The rows after `cursor`, and the next cursor; None after the last.

    A list that has ended meanwhile answers nothing more, so that whoever reads on comes to an end.
    Raises InvalidInputError naming `cursor`.
    """
    if cursor:
        at = paging.read_cursor(cursor)
        if at is None or not at.older:
            raise InvalidInputError("cursor", "take it from `next` of the page before")
        earlier = Q(**{f"{by}__lt": at.time}) | Q(pk__lt=at.id)
        rows = rows.filter(earlier, **{f"{by}__lte": at.time})
    found = list(rows.order_by(f"-{by}", "-pk")[: size + 1])
    if len(found) <= size:
        return found, None
    last = found[size - 1]
    return found[:size], str(paging.Cursor(older=True, time=getattr(last, by), id=last.pk))
