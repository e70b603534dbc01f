"""Every answer to Terra's operations against the OpenAPI document that Terra publishes."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import ValidationError

from connections.models import Connection
from tests import cast
from tests.api.caller import Answer, Caller
from tests.api.published import MISSING, PATH, Published

pytestmark = pytest.mark.skipif(not PATH.exists(), reason=MISSING)

Operation = tuple[str, str]
Ask = Callable[[Caller, Connection], Answer]

RIGHT: dict[Operation, Ask] = {
    ("post", "/auth/generateWidgetSession"): lambda a, _: a.post("/auth/generateWidgetSession"),
    ("post", "/auth/authenticateUser"): lambda a, _: a.send(
        "POST", "/auth/authenticateUser", query_params={"resource": "SANDBOX"}
    ),
    ("post", "/auth/generateAuthToken"): lambda a, _: a.post("/auth/generateAuthToken"),
    ("delete", "/auth/deauthenticateUser"): lambda a, user: a.delete(
        "/auth/deauthenticateUser", user_id=user.pk
    ),
    ("get", "/userInfo"): lambda a, user: a.get("/userInfo", user_id=user.pk),
    ("get", "/subscriptions"): lambda a, _: a.get("/subscriptions"),
    ("post", "/bulkUserInfo"): lambda a, user: a.post("/bulkUserInfo", [str(user.pk)]),
    ("get", "/integrations"): lambda a, _: a.get("/integrations"),
    ("get", "/integrations/detailed"): lambda a, _: a.get("/integrations/detailed", sdk="true"),
}
OPEN_TO_ALL = ["/integrations", "/integrations/detailed"]


@pytest.fixture(scope="module")
def published() -> Published:
    return Published()


@pytest.fixture
def user(a: Caller) -> Connection:
    cast.source(a.environment, cast.oauth_client())
    return cast.connection(a.environment, reference_id="runner-7")


@pytest.mark.parametrize("operation", RIGHT, ids=" ".join)
def test_answers(a: Caller, user: Connection, published: Published, operation: Operation) -> None:
    answer = RIGHT[operation](a, user)

    assert answer.status == 200
    published.assert_fits(*operation, answer)


def test_whatever_else_is_published_waits(a: Caller, published: Published) -> None:
    """So each operation of the document is held against it, here or above."""
    others = sorted(published.operations - RIGHT.keys())

    for method, path in others:
        answer = a.send(method.upper(), re.sub(r"{\w+}", "1", path))
        assert (method, path, answer.status) == (method, path, 501)
        published.assert_fits(method, path, answer)
    assert published.operations >= RIGHT.keys()
    assert len(others) > 20


def test_a_user_who_has_ended(a: Caller, published: Published) -> None:
    answer = a.get("/userInfo", user_id=cast.ended(a.environment).pk)

    published.assert_fits("get", "/userInfo", answer)


def test_many_users(a: Caller, user: Connection, published: Published) -> None:
    users = [user, cast.ended(a.environment)]

    answer = a.post("/bulkUserInfo", [str(one.pk) for one in users])

    assert len(answer.body) == 2
    published.assert_fits("post", "/bulkUserInfo", answer)


def test_a_changed_user_is_as_in_lists(a: Caller, user: Connection, published: Published) -> None:
    """The operation itself is in Terra's clients and not in the document."""
    answer = a.send("PATCH", f"/users/{user.pk}", data='{"reference_id": "r"}')

    assert answer.body.keys() == {"status", "user"}
    listed = Answer(200, [answer.body["user"]], answer.headers)
    published.assert_fits("post", "/bulkUserInfo", listed)


def test_a_page_of_users(a: Caller, user: Connection, published: Published) -> None:
    answer = a.get("/subscriptions", page=0)

    assert len(answer.body["data"]["results"]) == 1
    published.assert_fits("get", "/subscriptions", answer)


def test_users_by_reference_are_the_known_exception(
    a: Caller, user: Connection, published: Published
) -> None:
    """The document has a bare list; Terra's clients and its other pages have `users`."""
    answer = a.get("/userInfo", reference_id="runner-7")

    with pytest.raises(ValidationError):
        published.assert_fits("get", "/userInfo", answer)
    bare = Answer(200, answer.body["users"], answer.headers)
    published.assert_fits("get", "/userInfo", bare)


@pytest.mark.parametrize("operation", RIGHT, ids=" ".join)
def test_wrong_credentials(a: Caller, published: Published, operation: Operation) -> None:
    method, path = operation
    headers = {"dev-id": a.environment.dev_id, "x-api-key": "tpk_wrong"}

    answer = a.send(method.upper(), path, headers=headers)

    if path in OPEN_TO_ALL:
        assert answer.status == 200
    else:
        assert answer.status == 401
        published.assert_fits(method, path, answer)


@pytest.mark.parametrize(
    ("method", "path", "asked", "status"),
    [
        ("get", "/userInfo", {}, 400),
        ("get", "/userInfo", {"query_params": {"user_id": str(uuid4())}}, 404),
        ("get", "/subscriptions", {"query_params": {"page": "-1"}}, 400),
        ("post", "/bulkUserInfo", {"data": '{"a": 1}'}, 400),
        ("post", "/auth/generateWidgetSession", {"data": '{"providers": "NO-SUCH"}'}, 400),
        ("post", "/auth/generateWidgetSession", {"data": "{"}, 400),
        ("post", "/auth/authenticateUser", {"query_params": {"resource": "NO-SUCH"}}, 400),
        ("post", "/auth/authenticateUser", {}, 400),
        ("delete", "/auth/deauthenticateUser", {}, 400),
        ("delete", "/auth/deauthenticateUser", {"query_params": {"user_id": "x"}}, 404),
    ],
)
def test_errors(
    a: Caller, published: Published, method: str, path: str, asked: dict[str, Any], status: int
) -> None:
    answer = a.send(method.upper(), path, **asked)

    assert answer.status == status
    published.assert_fits(method, path, answer)
