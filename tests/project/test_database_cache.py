"""The cache in a table: as Django's, but exact where several count, and it forgets by itself."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.core.cache import BaseCache, caches
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from terra_portal.environment import COUNTING
from tests.threads import run_together

TABLE = "cache_of_tests"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cache(settings: LazySettings) -> Iterator[BaseCache]:
    settings.CACHES = {"default": {"BACKEND": COUNTING, "LOCATION": TABLE}}
    call_command("createcachetable", verbosity=0)
    yield caches["default"]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {TABLE}")


def age() -> None:
    """Everything in it runs out."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {TABLE} SET expires = now() - interval '1 second'")


def rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        return int(cursor.fetchone()[0])


def test_it_keeps_what_django_s_keeps(cache: BaseCache) -> None:
    assert cache.get("a") is None
    cache.set("a", {"b": [1, None]}, 60)
    cache.set("a", {"b": [2]}, None)
    assert cache.get("a") == {"b": [2]}
    assert cache.add("a", 1) is False
    assert cache.add("c", 1) is True
    assert cache.get_many(["a", "c"]) == {"a": {"b": [2]}, "c": 1}
    assert cache.delete("a") is True
    assert cache.get("a") is None


def test_what_has_run_out_is_not_there_and_can_be_added(cache: BaseCache) -> None:
    cache.add("a", 1, 60)
    age()
    with pytest.raises(ValueError, match="not found"):
        cache.incr("a")
    assert cache.add("a", 7, 60) is True
    assert cache.get("a") == 7


def test_whoever_adds_something_forgets_what_has_run_out(cache: BaseCache) -> None:
    for number in range(5):
        cache.add(f"old{number}", 1, 60)
    age()
    cache.add("new", 1, 60)
    assert rows() == 1


def test_an_addition_that_is_there_already_writes_nothing(cache: BaseCache) -> None:
    cache.add("a", 1, 60)
    with CaptureQueriesContext(connection) as queries:
        assert cache.add("a", 1, 60) is False
    assert len(queries) == 1


def test_nothing_is_lost_where_many_count_at_once(cache: BaseCache) -> None:
    cache.add("a", 0, 60)

    def count() -> list[int]:
        return [caches["default"].incr("a") for _ in range(25)]

    seen = [number for numbers in run_together(*[count] * 8) for number in numbers]

    assert sorted(seen) == list(range(1, 201))


def test_one_of_many_adds(cache: BaseCache) -> None:
    added = run_together(*[lambda: caches["default"].add("a", 1, 60)] * 8)

    assert sorted(added) == [False] * 7 + [True]
