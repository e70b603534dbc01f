"""Where a person may be sent back to."""

import pytest

from connections import links, return_urls
from connections.states import CancelReason
from developers.models import Environment
from terra_portal.errors import InvalidInputError
from tests import cast

FIELD = "auth_success_redirect_url"
FINE = [
    "https://app.example/done",
    "http://127.0.0.1:3000/x?y=1#z",
    "https://app.example",
    "myapp://connected",
    "com.example.app:/connected",
    "https://app.example/%0d%0a",
]
UNFIT = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "vbscript:x",
    "blob:https://app.example/x",
    "view-source:https://app.example",
    "https://user@app.example/",
    "https://user:secret@app.example/",
    "https:\\\\app.example",
    "https://app.example\\@evil.example/",
    "https://app.example/\r\nSet-Cookie: x",
    "https://app.example/a b",
    " https://app.example/",
    "\tjavascript:alert(1)",
    "https://",
    "https:///path",
    "//app.example/",
    "/path",
    "app.example",
    "https://[::1/",
    "https://app.example:99999/",
    "https://app.example/" + "x" * 2000,
]


@pytest.fixture
def testing(db: None) -> Environment:
    return cast.company().environments["testing"]


@pytest.fixture
def production(db: None) -> Environment:
    environment = cast.company().environments["production"]
    environment.return_origins = ["https://app.example", "https://app.example:8443", "myapp://"]
    environment.save()
    return environment


@pytest.mark.parametrize("url", FINE)
def test_fit_for_testing(testing: Environment, url: str) -> None:
    assert return_urls.check(testing, url, field=FIELD) == url
    assert return_urls.is_allowed(testing, url)


@pytest.mark.parametrize("url", UNFIT)
def test_unfit_everywhere(testing: Environment, url: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        return_urls.check(testing, url, field=FIELD)
    assert caught.value.field == FIELD
    assert not return_urls.is_allowed(testing, url)


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://app.example/anything?x=1", True),
        ("https://APP.example/", True),
        ("https://app.example:8443/", True),
        ("myapp://anything", True),
        ("http://app.example/", False),
        ("https://app.example:444/", False),
        ("https://app.example.evil.example/", False),
        ("https://evil.example/?https://app.example", False),
        ("https://sub.app.example/", False),
        ("other://app.example", False),
    ],
)
def test_production_takes_what_is_on_its_list(
    production: Environment, url: str, fits: bool
) -> None:
    assert return_urls.is_allowed(production, url) is fits


@pytest.mark.parametrize(
    ("field", "option"),
    [(FIELD, "success_url"), ("auth_failure_redirect_url", "failure_url")],
)
def test_a_link_names_the_field(production: Environment, field: str, option: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        links.open_session(production, **{option: "https://evil.example/"})  # type: ignore[arg-type]
    assert caught.value.field == field


def test_checked_again_before_the_redirect(production: Environment) -> None:
    session, _ = links.open_session(production, failure_url="https://app.example/x")
    assert links.return_url(session, reason=CancelReason.SESSION_EXPIRED)

    session.environment.return_origins = []
    assert links.return_url(session, reason=CancelReason.SESSION_EXPIRED) == ""


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://app.example", "https://app.example?user_id=u%201"),
        ("https://app.example/x?a=b&a=c", "https://app.example/x?a=b&a=c&user_id=u%201"),
        ("https://app.example/x#part", "https://app.example/x?user_id=u%201#part"),
        ("https://app.example/?user_id=mine", "https://app.example/?user_id=mine&user_id=u%201"),
        ("myapp://", "myapp://?user_id=u%201"),
        ("myapp://x?y", "myapp://x?y&user_id=u%201"),
    ],
)
def test_the_query_of_ones_own_is_kept(url: str, expected: str) -> None:
    assert return_urls.with_query(url, {"user_id": "u 1"}) == expected
