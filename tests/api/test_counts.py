"""GET /portal/counts: how many users there are, and how many of them need a look."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections.states import Attention
from terra_portal import clock
from tests import cast
from tests.api.caller import Caller

PATH = "/portal/counts"
NOBODY = {
    "status": "success",
    "total": 0,
    "by_provider": {},
    "needing_attention": 0,
    "paused": 0,
}


def test_nobody(a: Caller, b: Caller) -> None:
    cast.connection(b.environment, attention=Attention.NEEDS_REAUTH)
    cast.connection(b.environment, paused_at=clock.now())

    answer = a.get(PATH)

    assert (answer.status, answer.body) == (200, NOBODY)


def test_who_is_connected_by_provider_paused_and_in_need(a: Caller) -> None:
    for provider in ("SANDBOX", "FITBIT", "SANDBOX"):
        cast.connection(a.environment, on=cast.grant(cast.oauth_client(provider)))
    cast.connection(a.environment, attention=Attention.PROVIDER_FAILING)
    cast.connection(a.environment, paused_at=clock.now())
    cast.ended(a.environment)
    cast.ended(a.environment, paused_at=clock.now())

    assert a.get(PATH).body == {
        "status": "success",
        "total": 5,
        "by_provider": {"FITBIT": 1, "SANDBOX": 4},
        "needing_attention": 1,
        "paused": 1,
    }


def test_whoever_has_ended_is_counted_no_more(a: Caller) -> None:
    user = cast.connection(a.environment, attention=Attention.NEEDS_REAUTH)
    a.delete("/auth/deauthenticateUser", user_id=user.pk)

    assert a.get(PATH).body == NOBODY


@pytest.mark.parametrize("count", [1, 3])
def test_four_queries_for_any_number(a: Caller, count: int) -> None:
    for _ in range(count):
        cast.connection(a.environment)
    a.get(PATH)

    with CaptureQueriesContext(database) as queries:
        assert a.get(PATH).body["total"] == count

    assert len(queries) == 4  # whose key it is, and three numbers
