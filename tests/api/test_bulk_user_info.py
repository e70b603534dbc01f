"""POST /bulkUserInfo: many users at once, in the order asked."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from connections import payloads
from tests import cast
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem

PATH = "/bulkUserInfo"


def test_each_once_in_the_order_asked(a: Caller) -> None:
    users = [cast.connection(a.environment, reference_id=f"r{number}") for number in range(3)]
    asked = [users[2], users[0], users[1], users[0]]

    answer = a.post(PATH, [str(user.pk) for user in asked])

    assert answer.status == 200
    assert answer.body == [payloads.user(user) for user in asked[:3]]


def test_one_id_in_two_spellings_is_one_user(a: Caller) -> None:
    user = cast.connection(a.environment)

    answer = a.post(PATH, [str(user.pk), user.pk.hex.upper()])

    assert answer.body == [payloads.user(user)]


def test_an_ended_user_is_answered_as_not_active(a: Caller) -> None:
    user = cast.ended(a.environment)

    (shown,) = a.post(PATH, [str(user.pk)]).body

    assert (shown["user_id"], shown["active"]) == (str(user.pk), False)


def test_who_is_not_yours_is_left_out_like_nobody(a: Caller, b: Caller) -> None:
    grant = cast.grant()
    mine = cast.connection(a.environment, on=grant)
    theirs = cast.connection(b.environment, on=grant)
    gone = cast.ended(b.environment)

    answer = a.post(
        PATH,
        [str(theirs.pk), str(uuid4()), "nonsense", "", "\x00", str(mine.pk), str(gone.pk)],
    )

    assert answer.body == [payloads.user(mine)]
    for other in (str(theirs.pk), str(uuid4()), "nonsense"):
        with CaptureQueriesContext(database) as queries:
            assert a.post(PATH, [other]).body == []
        assert len(queries) == 2


def test_nobody_asked_for(a: Caller) -> None:
    answer = a.send("POST", PATH, data="[]")

    assert (answer.status, answer.body) == (200, [])


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_one_query_for_any_number(a: Caller, count: int) -> None:
    users = [cast.connection(a.environment) for _ in range(3)]
    asked = [str(user.pk) for user in users] + [str(uuid4()) for _ in range(997)]
    a.get("/subscriptions")  # the key was used just now: that is written down once a minute

    with CaptureQueriesContext(database) as queries:
        answer = a.post(PATH, asked[:count])

    assert len(answer.body) == min(count, 3)
    assert len(queries) == 2  # whose key it is, and the users


def test_more_than_a_thousand_are_refused(a: Caller) -> None:
    answer = a.post(PATH, [str(uuid4()) for _ in range(1001)])

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].startswith("user_ids: List should have at most 1000 items")


@pytest.mark.parametrize("body", ["{}", '"id"', "5", "null", "", "[", "[5]", "[null]"])
def test_what_is_no_list_of_ids_is_refused(a: Caller, body: Any) -> None:
    assert_problem(a.send("POST", PATH, data=body), 400, "bad request")
