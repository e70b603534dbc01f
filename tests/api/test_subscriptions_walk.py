"""GET /subscriptions, page after page, while users come and go."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from connections import disconnect
from connections.models import Connection
from connections.states import Door
from developers import api_keys
from terra_portal import clock
from tests import cast
from tests.api.caller import Caller

DAWN = datetime(2026, 1, 1, tzinfo=UTC)
BACKEND = "django.core.cache.backends"


class DownCache:
    """A backend whose server does not answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def refuse(*args: Any, **kwargs: Any) -> Any:
            if name in {"clear", "close"}:
                return None
            raise ConnectionError("the cache is down")

        return refuse


@pytest.fixture
def six(a: Caller) -> list[Connection]:
    return [
        cast.connection(a.environment, created_at=DAWN + timedelta(days=day)) for day in range(6)
    ]


def read(caller: Caller, page: int, per_page: int = 2) -> dict[str, Any]:
    data: dict[str, Any] = caller.get("/subscriptions", page=page, per_page=per_page).body["data"]
    return data


def shown(data: dict[str, Any]) -> list[str]:
    return [user["user_id"] for user in data["results"]]


def ids(*users: Connection) -> list[str]:
    return [str(user.pk) for user in users]


def walk(caller: Caller) -> Iterator[dict[str, Any]]:
    page: int | None = 0
    while page is not None:
        data = read(caller, page)
        yield data
        page = data["next"]


def end(*users: Connection) -> None:
    for user in users:
        disconnect.end(user.pk, environment=user.environment, door=Door.API)


def test_users_end_during_the_walk_and_nobody_is_passed_over(
    a: Caller, six: list[Connection]
) -> None:
    """By number, page 1 would begin with the fifth user, and page 2 would not exist."""
    pages = walk(a)
    seen = [next(pages)]
    end(six[0], six[1])
    seen += [next(pages)]
    end(six[2])
    seen += list(pages)

    assert [shown(data) for data in seen] == [ids(*six[:2]), ids(*six[2:4]), ids(*six[4:])]
    assert [data["next"] for data in seen] == [1, 2, None]
    assert [data["max_page"] for data in seen] == [2, 2, 2]


def test_users_who_come_during_the_walk_are_met_at_its_end(
    a: Caller, six: list[Connection]
) -> None:
    pages = walk(a)
    seen = [next(pages)]
    new = cast.connection(a.environment)
    seen += list(pages)

    assert [shown(data) for data in seen][2:] == [ids(*six[4:]), ids(new)]


def test_a_second_walker_moves_no_page_of_the_first(a: Caller, six: list[Connection]) -> None:
    """It finds page 1 where the first walker left it, and meets a user twice."""
    first = walk(a)
    next(first)
    end(six[0])
    second = [shown(data) for data in walk(a)]

    assert second[:2] == [ids(*six[1:3]), ids(*six[2:4])]
    assert shown(next(first)) == ids(*six[2:4])


def test_who_read_earlier_and_wrote_later_moves_the_page_forward(
    a: Caller, six: list[Connection]
) -> None:
    read(a, 0)
    earlier = cast.connection(a.environment, created_at=DAWN - timedelta(days=1))

    assert shown(read(a, 0)) == ids(earlier, six[0])
    assert shown(read(a, 1)) == ids(*six[1:3])


def test_after_five_minutes_a_walk_leaves_its_own_marks(a: Caller, six: list[Connection]) -> None:
    read(a, 0)
    end(six[0], six[1])
    with clock.shifted(timedelta(minutes=4)):
        read(a, 0)
        assert shown(read(a, 1)) == ids(*six[2:4])
    with clock.shifted(timedelta(minutes=6)):
        read(a, 0)
        assert shown(read(a, 1)) == ids(*six[4:])


def test_each_key_and_size_walks_by_itself(a: Caller, six: list[Connection]) -> None:
    read(a, 0)
    read(a, 0, per_page=3)
    end(six[0], six[1])
    _, plaintext = api_keys.create(a.environment, name="another")
    other = Caller(a.environment, plaintext)

    assert shown(read(a, 1)) == ids(*six[2:4])
    assert shown(read(a, 1, per_page=3)) == ids(*six[3:])
    assert shown(read(other, 1)) == ids(*six[4:])


def test_a_page_that_nobody_walked_to_is_found_by_its_number(
    a: Caller, six: list[Connection]
) -> None:
    assert shown(read(a, 1)) == ids(*six[2:4])
    cache.clear()
    assert shown(read(a, 2)) == ids(*six[4:])


def test_a_cache_that_is_down_fails_no_page(
    a: Caller, six: list[Connection], settings: Settings
) -> None:
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.DownCache"}}

    seen = list(walk(a))

    assert [shown(data) for data in seen] == [ids(*six[:2]), ids(*six[2:4]), ids(*six[4:])]


def test_walking_counts_no_rows_off(a: Caller, six: list[Connection]) -> None:
    """From the second page on the database is told where to begin, not how many to skip."""
    read(a, 0)
    for page in (1, 2):
        with CaptureQueriesContext(database) as queries:
            read(a, page)
        assert len(queries) == 3  # whose key it is, how many there are, and the page
        assert not [query["sql"] for query in queries if "OFFSET" in query["sql"]]
