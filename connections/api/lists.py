"""Connected users in the order in which they came, as lists of any length need them."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from uuid import UUID

from django.db.models import F, Q
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan
from django.http import StreamingHttpResponse

from connections import payloads
from connections.models import Connection, ConnectionQuerySet
from developers.models import Environment
from terra_portal import tenancy

CHUNK = 500
EVERYONE = Q()


def connected(environment: Environment) -> ConnectionQuerySet:
    users = Connection.objects.for_environment(environment).active()
    return users.order_by("created_at", "pk")


def after(users: ConnectionQuerySet, created_at: datetime, user_id: UUID) -> ConnectionQuerySet:
    """Those who come after this one, which need not be there any more.

    One comparison of the pair, so that the index begins at it however many came at one moment.
    """
    place = Tuple(F("created_at"), F("id"))
    return users.filter(TupleGreaterThan(place, (created_at, user_id)))


def streamed(opening: str, environment: Environment, under: Q = EVERYONE) -> StreamingHttpResponse:
    """A list of any length in constant memory; no read outlives its chunk.

    The first chunk is read before the answer begins, so that what fails can still say so.
    """
    chunks = _chunks(environment, under)
    first = next(chunks)
    body = chain([opening, first], chunks, ["]}"])
    return StreamingHttpResponse(body, content_type="application/json")


def _chunks(environment: Environment, under: Q) -> Iterator[str]:
    last: Connection | None = None
    while True:
        rows = _read(environment, under, last)
        text = ",".join(json.dumps(payloads.user(row)) for row in rows)
        yield f",{text}" if last and text else text
        if len(rows) < CHUNK:
            return
        last = rows[-1]


def _read(environment: Environment, under: Q, last: Connection | None) -> list[Connection]:
    # The generator runs after the view has returned, outside of the scope that it entered.
    with tenancy.environment(environment.id):
        users = connected(environment).filter(under)
        if last:
            users = after(users, last.created_at, last.pk)
        return list(users[:CHUNK])
