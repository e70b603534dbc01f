"""What a request's own statements read of the big tables, as PostgreSQL executed them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from connections.models import ConnectAttempt, Connection, ConnectSession, UserCount
from developers.models import ApiKey, Attempt, Delivery, Destination, Event, Recovery
from tests.api.caller import Answer, Caller

OF_USERS = (ConnectAttempt, ConnectSession, Connection, UserCount)
OF_COMPANIES = (ApiKey, Attempt, Delivery, Destination, Event, Recovery)
BIG = {model._meta.db_table for model in (*OF_USERS, *OF_COMPANIES)}
# What leaves the rows as they are.
READS = ("SELECT", "WITH")


@dataclass(frozen=True)
class Read:
    """One step of a plan that reads a big table or an index of one, or sorts what was read."""

    table: str
    index: str
    kind: str
    rows: float


def analyze() -> None:
    with database.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(sorted(BIG))}")


def reads(caller: Caller, method: str, path: str, **more: Any) -> tuple[Answer, list[Read]]:
    """The answer, and every read that it took."""
    with CaptureQueriesContext(database) as said:
        answer = caller.send(method, path, **more)
    found: list[Read] = []
    for query in said.captured_queries:
        if query["sql"].lstrip().startswith(READS):
            found += _of(query["sql"])
    return answer, found


def _of(sql: str) -> list[Read]:
    steps = list(_steps(_plan(sql)))
    found = [_read(step) for step in steps if _is_big(step)]
    sorts = [_read(step) for step in steps if step["Node Type"] == "Sort"]
    return found + sorts if found else []


def _plan(sql: str) -> dict[str, Any]:
    """Of what was executed just now, once more; a lock that it takes is let go."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        row = cursor.fetchone()
    assert row, sql
    whole: dict[str, Any] = row[0][0]["Plan"]
    return whole


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _steps(child)


def _is_big(step: dict[str, Any]) -> bool:
    return step.get("Relation Name") in BIG or step["Node Type"] == "Bitmap Index Scan"


def _read(step: dict[str, Any]) -> Read:
    over = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    rows = (step["Actual Rows"] + over) * step["Actual Loops"]
    names = step.get("Relation Name", ""), step.get("Index Name", "")
    return Read(*names, step["Node Type"], rows)
