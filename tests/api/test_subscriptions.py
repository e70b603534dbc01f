"""GET /subscriptions: everyone who is connected, streamed or in pages."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.api import lists
from connections.models import Connection
from terra_portal import tenancy
from tests import cast
from tests.api.caller import Caller


def ids(found: list[dict[str, str]]) -> list[str]:
    return [user["user_id"] for user in found]


def connected(caller: Caller, count: int) -> list[str]:
    """Users of one moment, as a bulk import makes them: only their ids tell them apart."""
    grant = cast.grant()
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        Connection(
            environment=caller.environment,
            grant=grant,
            provider="SANDBOX",
            provider_user_id=f"{number}",
            created_at=at,
        )
        for number in range(count)
    ]
    return sorted(str(row.pk) for row in Connection.objects.bulk_create(rows))


def test_nobody(a: Caller) -> None:
    assert a.get("/subscriptions").body == {"users": []}


def test_only_mine_and_only_those_who_are_connected(a: Caller, b: Caller) -> None:
    grant = cast.grant()
    mine = cast.connection(a.environment, on=grant, reference_id="r")
    cast.connection(b.environment, on=grant)
    cast.ended(a.environment)

    answer = a.get("/subscriptions")

    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.body) == ["users"]
    assert ids(answer.body["users"]) == [str(mine.pk)]
    assert answer.body["users"][0]["reference_id"] == "r"


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1000])
def test_chunks_join_to_one_list(a: Caller, count: int) -> None:
    expected = connected(a, count)

    with CaptureQueriesContext(database) as queries:
        found = a.get("/subscriptions").body["users"]

    assert ids(found) == expected
    reads = [query for query in queries if "connections_connection" in query["sql"]]
    assert len(reads) == count // lists.CHUNK + 1


def test_a_chunk_is_read_on_behalf_of_its_environment(a: Caller) -> None:
    """The stream outlives the view; what it reads later must not run without a scope."""
    connected(a, 501)
    scopes = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "connections_connection" in sql:
            scopes.append(tenancy.current())
        return execute(sql, *rest)

    with database.execute_wrapper(note):
        a.get("/subscriptions")

    assert scopes == [tenancy.Scope(environment_id=a.environment.pk)] * 2
    assert tenancy.current() is None


def test_pages_are_walked_from_zero(a: Caller, b: Caller) -> None:
    expected = connected(a, 5)
    connected(b, 3)

    pages = [a.get("/subscriptions", page=page, per_page=2).body["data"] for page in range(3)]

    assert [page["next"] for page in pages] == [1, 2, None]
    assert [page["max_page"] for page in pages] == [2, 2, 2]
    assert [ids(page["results"]) for page in pages] == [expected[:2], expected[2:4], expected[4:]]


@pytest.mark.parametrize("page", [3, 10**30])
def test_beyond_the_last_page_is_nobody(a: Caller, page: int) -> None:
    connected(a, 5)

    data = a.get("/subscriptions", page=page, per_page=2).body["data"]

    assert data == {"next": None, "max_page": 2, "results": []}


def test_one_empty_page(a: Caller) -> None:
    answer = a.get("/subscriptions", page=0)

    assert answer.body == {"data": {"next": None, "max_page": 0, "results": []}}


def test_a_page_holds_500_unless_told_and_never_above_1000(a: Caller) -> None:
    connected(a, 1001)

    usual = a.get("/subscriptions", page=0).body["data"]
    most = a.get("/subscriptions", page=0, per_page=10**30).body["data"]

    assert (len(usual["results"]), usual["max_page"]) == (500, 2)
    assert (len(most["results"]), most["max_page"]) == (1000, 1)


@pytest.mark.parametrize("query", [{}, {"page": 0}, {"page": 0, "per_page": 1}])
def test_the_number_of_queries_does_not_grow(a: Caller, query: dict[str, int]) -> None:
    connected(a, 1)
    a.get("/subscriptions")
    with CaptureQueriesContext(database) as one:
        a.get("/subscriptions", **query)
    cast.connection(a.environment)
    cast.connection(a.environment)
    with CaptureQueriesContext(database) as three:
        found = a.get("/subscriptions", **query)

    assert found.status == 200
    assert len(three) == len(one)
