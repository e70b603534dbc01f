"""What the log's lists and files read: their own rows, however long the log is."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection as database
from django.db.models import QuerySet
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from connections import log
from connections.dashboard.filters import RevocationFilter
from connections.models import Revocation, RevocationDetail
from developers.models import Environment
from developers.rest import pages
from terra_portal import clock, paging
from tests import cast

MANY = 100_000
RARE = 4
SHOWN = 51
SOMEBODY = UUID(int=7)
# A row a second, newest last. Each rare thing is at one number of 25,000; every third row stands
# under one reference, as of a company whose own code has a mistake.
ROWS = """
    INSERT INTO connections_revocation
        (id, environment_id, user_id, provider, kind, door, connected_at, occurred_at, recorded_at)
    SELECT gen_random_uuid(), %(here)s,
        CASE WHEN n = 500 AND %(first)s THEN %(somebody)s ELSE gen_random_uuid() END,
        CASE WHEN n %% 25000 = 1 THEN 'FITBIT' ELSE 'SANDBOX' END,
        CASE WHEN n %% 25000 = 2 THEN 'expired' WHEN n %% 2 = 0 THEN 'revoked'
            ELSE 'disconnected' END,
        CASE WHEN n %% 25000 = 3 THEN 'staff' WHEN n %% 2 = 0 THEN 'notice' ELSE 'api' END,
        %(start)s, %(start)s, %(start)s + n * interval '1 second'
    FROM generate_series(1, %(many)s) AS n
"""
DETAILS = """
    INSERT INTO connections_revocationdetail
        (id, revocation_id, environment_id, recorded_at, reference_id, actor, evidence)
    SELECT gen_random_uuid(), id, environment_id, recorded_at,
        CASE WHEN n %% 25000 = 4 THEN 'Ada' WHEN n %% 3 = 0 THEN 'undefined'
            ELSE 'person ' || n END, '', ''
    FROM (SELECT *, extract(epoch FROM recorded_at - connected_at)::int AS n
        FROM connections_revocation) AS numbered
"""


@pytest.fixture
def environment(db: None) -> Environment:
    """A log of a hundred thousand rows beside another environment's."""
    start = clock.now() - timedelta(days=30)
    made = [cast.company(name).environments["testing"] for name in "AB"]
    with database.cursor() as cursor:
        for here, many in zip(made, (MANY, MANY // 5), strict=True):
            first = here is made[0]
            about: dict[str, Any] = {"here": here.pk, "first": first, "start": start}
            cursor.execute(ROWS, about | {"somebody": SOMEBODY, "many": many})
        cursor.execute(DETAILS, {})
        cursor.execute("ANALYZE connections_revocation, connections_revocationdetail")
    return made[0]


def reading(sql: str) -> list[dict[str, Any]]:
    """Every step of the executed plan that reads the log or its details."""
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        ((plan,),) = cursor.fetchone()
    tables = {model._meta.db_table for model in (Revocation, RevocationDetail)}
    return [
        step
        for step in steps(plan["Plan"])
        if step.get("Relation Name") in tables or step["Node Type"] == "Bitmap Index Scan"
    ]


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from steps(child)


def assert_reads_little(sql: str, index: str, *, most: int) -> None:
    found = reading(sql)
    used = {str(step.get("Index Name")) for step in found}
    assert any(name.startswith(index) for name in used), (sql, used)
    for step in found:
        assert step["Node Type"] != "Seq Scan", (sql, step)
        removed = step.get("Rows Removed by Filter", 0)
        assert (step["Actual Rows"] + removed) * step["Actual Loops"] <= most, (sql, step)


def paged(rows: QuerySet[Revocation], cursor: str = "") -> tuple[int, str]:
    """How many rows a page shows, and the SQL that it is read with."""
    with CaptureQueriesContext(database) as asked:
        found, _ = pages.page(rows, cursor, by=log.BY, size=SHOWN - 1)
    return len(found), asked[-1]["sql"]


FILTERS = [
    ("", "revocation_listed", SHOWN - 1),
    ("kind=revoked", "revocation_by_kind", SHOWN - 1),
    ("kind=expired", "revocation_by_kind", RARE),
    ("door=api", "revocation_by_door", SHOWN - 1),
    ("door=staff", "revocation_by_door", RARE),
    ("provider=SANDBOX", "revocation_", SHOWN - 1),
    ("provider=FITBIT", "revocation_by_provider", RARE),
    ("q=undefined", "revocation_by_reference", SHOWN - 1),
    ("q=Ada", "revocation_by_reference", RARE),
    (f"q={SOMEBODY}", "connections_revocation_user_id", 1),
    ("kind=revoked&door=notice&provider=SANDBOX", "revocation_", SHOWN - 1),
    ("q=undefined&kind=revoked", "revocation_by_reference", SHOWN - 1),
]


def test_each_filter_has_its_index(environment: Environment) -> None:
    for filters, index, count in FILTERS:
        rows = RevocationFilter(QueryDict(filters)).narrow(environment)
        shown, sql = paged(rows)
        assert (filters, shown) == (filters, count)
        # A filter beside the index's own may pass over some.
        assert_reads_little(sql, index, most=4 * SHOWN)


@pytest.mark.parametrize(
    ("reference_id", "index", "spanned"),
    [("", "revocation_listed", 30), ("undefined", "revocation_by_reference", 10)],
)
def test_what_is_far_down_costs_no_more(
    environment: Environment, reference_id: str, index: str, spanned: int
) -> None:
    """The page after nine tenths of the log, and half a minute of it."""
    oldest = Revocation.objects.for_environment(environment).order_by("recorded_at")
    since = oldest[MANY // 10].recorded_at
    rows = log.entries(environment, reference_id=reference_id)

    shown, sql = paged(rows, str(paging.Cursor(older=True, time=since, id=UUID(int=0))))
    assert shown == SHOWN - 1
    assert_reads_little(sql, index, most=SHOWN + 1)  # the cursor's own row is passed over

    span = {"listed_at__gte": since, "listed_at__lt": since + timedelta(seconds=30)}
    shown, sql = paged(rows.filter(**span))
    assert shown == spanned
    assert_reads_little(sql, index, most=spanned)
