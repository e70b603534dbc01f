"""How many requests a key may send: counted per key, exactly, in the cache that all share."""

import os
import time
from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from developers import api_keys
from developers.companies import CreatedCompany
from developers.rest import limits as limiter
from developers.rest.limits import rest
from terra_portal.environment import COUNTING, PATIENCE, REDIS
from tests import cast
from tests.api.caller import Answer, Caller
from tests.api.test_errors import assert_problem
from tests.threads import run_together

TABLE = "cache_of_tests"
LOCAL = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
NOBODY_LISTENS = {"BACKEND": REDIS, "LOCATION": "redis://127.0.0.1:1/0", "OPTIONS": PATIENCE}
BROKER = os.environ.get("CELERY_BROKER_URL", "")


@pytest.fixture(autouse=True)
def three_requests_a_minute(nothing_is_limited: None, settings: LazySettings) -> None:
    settings.API_RATE_LIMIT = (3, 60)


def limits(answer: Answer) -> dict[str, str]:
    names = ("X-Terra-RateLimit", "Retry-After")
    return {name: value for name, value in answer.headers.items() if name.startswith(names)}


def test_every_answer_to_a_key_says_what_is_left(a: Caller) -> None:
    answers = [
        a.get("/subscriptions"),
        a.get("/userInfo", user_id=UUID(int=1)),
        a.get("/userInfo"),
    ]

    assert [answer.status for answer in answers] == [200, 404, 400]
    for left, answer in zip((2, 1, 0), answers, strict=True):
        said = limits(answer)
        assert 1 <= int(said.pop("X-Terra-RateLimit-Reset-After")) <= 60
        assert said == {
            "X-Terra-RateLimit-Limit": "3",
            "X-Terra-RateLimit-Remaining": str(left),
        }


def test_one_more_is_429_and_says_when_to_come_back(a: Caller) -> None:
    for _ in range(3):
        a.get("/subscriptions")

    answer = a.get("/subscriptions")

    assert_problem(answer, 429, "too many requests")
    said = limits(answer)
    wait = said.pop("Retry-After")
    assert 1 <= int(wait) <= 60
    assert said == {
        "X-Terra-RateLimit-Limit": "3",
        "X-Terra-RateLimit-Remaining": "0",
        "X-Terra-RateLimit-Reset-After": wait,
        "X-Terra-RateLimit-Rule": "api-key",
    }
    detail = f"rate limit exceeded: 3 requests in 60 s; try again in {wait} s"
    assert answer.body["detail"] == detail


def test_a_request_over_the_limit_changes_nothing(a: Caller) -> None:
    user = cast.connection(a.environment)
    for _ in range(3):
        a.get("/subscriptions")

    assert a.delete("/auth/deauthenticateUser", user_id=user.pk).status == 429

    user.refresh_from_db()
    assert user.is_active


def test_no_other_key_is_affected(a: Caller, b: Caller) -> None:
    _, second = api_keys.create(a.environment, name="second")
    for _ in range(4):
        last = a.get("/subscriptions")

    assert last.status == 429
    assert Caller(a.environment, second).get("/subscriptions").status == 200
    assert limits(b.get("/subscriptions"))["X-Terra-RateLimit-Remaining"] == "2"


def test_it_counts_anew_after_the_time_that_it_said(a: Caller, settings: LazySettings) -> None:
    settings.API_RATE_LIMIT = (1, 2)
    while (answer := a.get("/subscriptions")).status == 200:
        assert limits(answer)["X-Terra-RateLimit-Limit"] == "1"

    time.sleep(int(answer.headers["Retry-After"]))

    assert a.get("/subscriptions").status == 200


def test_who_is_not_let_in_is_not_counted(a: Caller) -> None:
    wrong = {"dev-id": a.environment.dev_id, "x-api-key": "tpk_wrong"}
    refused = [a.send("GET", "/subscriptions", headers=wrong) for _ in range(5)]
    stranger = {"dev-id": "nobody", "x-api-key": a.api_key}
    refused += [a.send("GET", "/subscriptions", headers=stranger) for _ in range(5)]
    open_to_all = a.send("GET", "/integrations", headers={})

    assert {answer.status for answer in refused} == {401}
    assert [limits(answer) for answer in [*refused, open_to_all]] == [{}] * 11
    assert limits(a.get("/subscriptions"))["X-Terra-RateLimit-Remaining"] == "2"


def test_head_counts_and_options_does_not(a: Caller) -> None:
    assert limits(a.send("HEAD", "/subscriptions"))["X-Terra-RateLimit-Remaining"] == "2"
    assert limits(a.send("OPTIONS", "/subscriptions")) == {}
    assert limits(a.get("/subscriptions"))["X-Terra-RateLimit-Remaining"] == "1"


def test_without_the_setting_nothing_is_limited(a: Caller, settings: LazySettings) -> None:
    settings.API_RATE_LIMIT = None

    answers = [a.get("/subscriptions") for _ in range(5)]

    assert [answer.status for answer in answers] == [200] * 5
    assert [limits(answer) for answer in answers] == [{}] * 5


@pytest.fixture
def awake() -> Iterator[None]:
    """Another test's failed cache is forgotten, and so is this one's."""
    rest.until = 0
    yield
    rest.until = 0


def test_a_cache_that_is_down_stops_nobody_and_is_told_once(
    a: Caller, settings: LazySettings, awake: None, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CACHES = {"default": NOBODY_LISTENS}

    answers = [a.get("/subscriptions") for _ in range(5)]
    rest.until = 0
    answers.append(a.get("/subscriptions"))

    assert [answer.status for answer in answers] == [200] * 6
    assert [limits(answer) for answer in answers] == [{}] * 6
    said = [record.getMessage() for record in caplog.records if record.name == limiter.__name__]
    assert said == ["Requests are not counted: the cache failed (ConnectionError)."] * 2
    settings.CACHES = {"default": LOCAL}


@pytest.fixture(
    params=[
        "local",
        "database",
        pytest.param("redis", marks=pytest.mark.broker),
    ]
)
def cache_of(request: pytest.FixtureRequest, settings: LazySettings) -> Iterator[str]:
    """The portal on each kind of cache that it may be given."""
    if request.param == "redis" and not BROKER.startswith("redis"):
        pytest.skip("needs a Redis: CELERY_BROKER_URL=redis://…")
    redis = {"BACKEND": REDIS, "LOCATION": BROKER, "KEY_PREFIX": TABLE, "OPTIONS": PATIENCE}
    database = {"BACKEND": COUNTING, "LOCATION": TABLE}
    settings.CACHES = {
        "default": {"local": LOCAL, "database": database, "redis": redis}[request.param]
    }
    call_command("createcachetable", verbosity=0)
    yield request.param
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


@pytest.fixture
def company(transactional_db: None) -> CreatedCompany:
    return cast.company("A")


def test_requests_at_once_are_counted_exactly(
    company: CreatedCompany, live_server: LiveServer, cache_of: str, settings: LazySettings
) -> None:
    settings.API_RATE_LIMIT = (10, 3600)
    headers = {
        "dev-id": company.environments["testing"].dev_id,
        "x-api-key": company.api_keys["testing"],
    }

    def ask() -> list[int]:
        with httpx.Client(trust_env=False, timeout=30, headers=headers) as client:
            return [client.get(f"{live_server.url}/v2/subscriptions").status_code for _ in "1234"]

    statuses = [status for found in run_together(*[ask] * 8) for status in found]

    assert {status: statuses.count(status) for status in set(statuses)} == {200: 10, 429: 22}
