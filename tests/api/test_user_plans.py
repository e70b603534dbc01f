"""What the lists and numbers of users read: little, however many users there are."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import QuerySet, Sum

from connections.api import lists
from connections.models import Connection, UserCount
from connections.states import Attention, ConnectionState, End
from terra_portal import clock
from tests import cast
from tests.api.caller import Caller

MANY = 4000
TAKEN = 50
RARE = 4


@pytest.fixture
def crowd(a: Caller, b: Caller) -> list[Connection]:
    """Thousands of users of one moment in each of two environments, as an import makes them.

    As many have ended.
    """
    grant, at = cast.grant(), datetime(2026, 1, 1, tzinfo=UTC)
    gone = {"state": ConnectionState.ENDED, "ended_at": at, "end_kind": End.DISCONNECTED}
    for caller in (a, b):
        Connection.objects.bulk_create(
            Connection(
                environment=caller.environment,
                grant=grant,
                provider="SANDBOX",
                provider_user_id=f"{number}",
                reference_id=f"person {number}",
                attention=Attention.NEEDS_REAUTH if number % 1000 == 1 else "",
                paused_at=clock.now() if number % 1000 == 2 else None,
                created_at=at,
                **state,
            )
            for number in range(MANY)
            for state in ({}, gone)
        )
    with database.cursor() as cursor:
        cursor.execute("ANALYZE connections_connection, connections_usercount")
    return list(lists.connected(a.environment))


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from steps(child)


def assert_reads(rows: QuerySet[Any, Any], index: str, *, most: int) -> None:
    (plan,) = json.loads(rows.explain(format="json", analyze=True, buffers=True))
    used = [step for step in steps(plan["Plan"]) if "Scan" in step["Node Type"]]
    assert {step.get("Index Name", step["Node Type"]) for step in used} <= {
        index,
        "Bitmap Heap Scan",
    }, used
    for step in used:
        assert step["Actual Rows"] + step.get("Rows Removed by Filter", 0) <= most, step
    assert not [step for step in steps(plan["Plan"]) if step["Node Type"] == "Sort"], plan


@pytest.mark.parametrize("place", [0, MANY // 2, MANY - TAKEN - 1])
def test_a_page_reads_its_own_rows_wherever_it_begins(
    a: Caller, crowd: list[Connection], place: int
) -> None:
    last = crowd[place]
    page = lists.after(lists.connected(a.environment), last.created_at, last.pk)[:TAKEN]

    assert list(page) == crowd[place + 1 : place + 1 + TAKEN]
    assert_reads(page, "connection_walked", most=TAKEN)


def test_the_first_page_reads_its_own_rows(a: Caller, crowd: list[Connection]) -> None:
    assert_reads(lists.connected(a.environment)[:TAKEN], "connection_walked", most=TAKEN)


def test_everyone_under_a_reference_is_found_by_an_index(
    a: Caller, crowd: list[Connection]
) -> None:
    users = Connection.objects.for_environment(a.environment).active()
    assert_reads(users.filter(reference_id="person 7"), "connection_by_ref", most=2)


def test_who_needs_a_look_is_counted_by_indexes_of_them_alone(
    a: Caller, crowd: list[Connection]
) -> None:
    users = Connection.objects.for_environment(a.environment)
    assert users.in_need().count() == users.paused().count() == RARE
    assert_reads(users.in_need().values("environment"), "connection_in_need", most=RARE)
    assert_reads(users.paused().values("environment"), "connection_paused", most=RARE)


def test_the_number_of_users_is_read_from_a_row_for_each_provider(a: Caller, b: Caller) -> None:
    environments = [cast.company(f"{number}").environments["testing"] for number in range(300)]
    UserCount.objects.bulk_create(
        UserCount(environment=environment, provider=provider, change=1, folded=True)
        for environment in (a.environment, *environments)
        for provider in ("FITBIT", "GARMIN", "OURA")
    )
    with database.cursor() as cursor:
        cursor.execute("ANALYZE connections_usercount")
    rows = UserCount.objects.for_environment(a.environment)

    assert rows.aggregate(number=Sum("change"))["number"] == 3
    assert_reads(rows, "user_count_of", most=3)
    unfolded = UserCount.objects.filter(folded=False).order_by("pk")[:10]
    assert_reads(unfolded, "user_count_to_fold", most=0)
