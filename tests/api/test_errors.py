"""Whatever goes wrong: one form, a reference, never a page, a redirect or a stack trace."""

import io
import json
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import RequestFactory, override_settings
from django.utils.datastructures import MultiValueDict

from connections.models import Connection, ConnectSession
from developers.rest.bodies import StrictParser
from terra_portal.redaction import RedactingFilter, RedactingFormatter
from terra_portal.request_reference import ReferenceFilter
from tests import cast
from tests.api.caller import Answer, Caller

MEMBERS = {"status", "message", "type", "title", "instance", "detail"}


def assert_problem(answer: Answer, status: int, title: str) -> None:
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(answer.body) == MEMBERS
    assert answer.body["status"] == "error"
    assert answer.body["type"] == "about:blank"
    assert answer.body["title"] == title
    assert answer.body["message"] == answer.body["detail"]
    assert UUID(answer.headers["terra-reference"])


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/", "/v2/nothing", "/v2/userInfo/", "/v2/USERINFO", "/api", "/api/v3/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_is_404(a: Caller, method: str, path: str) -> None:
    a.prefix = ""

    answer = a.send(method, path)

    assert_problem(answer, 404, "not found")
    assert answer.body["instance"] == path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/auth/generateWidgetSession", "OPTIONS, POST"),
        ("HEAD", "/auth/generateWidgetSession", "OPTIONS, POST"),
        ("POST", "/auth/deauthenticateUser", "DELETE, OPTIONS"),
        ("PUT", "/userInfo", "GET, HEAD, OPTIONS"),
        ("TRACE", "/subscriptions", "GET, HEAD, OPTIONS"),
        ("DELETE", "/integrations", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_405(a: Caller, method: str, path: str, allowed: str) -> None:
    answer = a.send(method, path)

    assert answer.headers["Allow"] == allowed
    if method == "HEAD":
        assert answer.status == 405
    else:
        assert_problem(answer, 405, "method not allowed")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/subscriptions", "GET, HEAD, OPTIONS"),
        ("/auth/generateWidgetSession", "OPTIONS, POST"),
        ("/portal/destinations", "GET, HEAD, OPTIONS, POST"),
        ("/docs", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_says_what_is_possible_to_whoever_asks(a: Caller, path: str, allowed: str) -> None:
    answer = a.send("OPTIONS", path, headers={})

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Allow"] == allowed
    assert UUID(answer.headers["terra-reference"])


def test_options_knows_no_other_addresses(a: Caller) -> None:
    assert_problem(a.send("OPTIONS", "/nothing"), 404, "not found")


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/subscriptions", {}, 200),
        ("/subscriptions", {"page": "0"}, 200),
        ("/subscriptions", {"page": "-1"}, 400),
        ("/userInfo", {"user_id": str(UUID(int=1))}, 404),
        ("/integrations", {}, 200),
    ],
)
def test_head_answers_like_get_without_a_body(
    a: Caller, path: str, query: dict[str, str], status: int
) -> None:
    cast.connection(a.environment)
    whole = a.send("GET", path, query_params=query)

    bare = a.send("HEAD", path, query_params=query)

    assert (whole.status, bare.status) == (status, status)
    assert bare.headers["Content-Type"] == whole.headers["Content-Type"]
    assert bare.body == b""


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reference_id": 7}, "reference_id"),
        ({"reference_id": ["a"]}, "reference_id"),
        ({"reference_id": "a\x00b"}, "reference_id"),
        ({"reference_id": "a\nb"}, "reference_id"),
        ({"reference_id": "\ud800"}, "reference_id"),
        ({"reference_id": "r" * 513}, "reference_id"),
        ({"providers": ["SANDBOX"]}, "providers"),
        ({"providers": {"a": 1}}, "providers"),
        ({"providers": "NO-SUCH-WEARABLE"}, "providers"),
        ({"providers": "\ud800"}, "providers"),
        ({"providers": "\x00"}, "providers"),
        ({"language": 1}, "language"),
        ({"language": "\ud800"}, "language"),
        ({"language": "x" * 100}, "language"),
        ({"show_disconnect": "yes"}, "show_disconnect"),
        ({"show_disconnect": 1}, "show_disconnect"),
        ({"auth_success_redirect_url": "javascript:alert(1)"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "JavaScript:alert(1)"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "data:text/html,x"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "/only/a/path"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": "https://\ud800.example"}, "auth_success_redirect_url"),
        ({"auth_success_redirect_url": 5}, "auth_success_redirect_url"),
        ({"auth_failure_redirect_url": "vbscript:x"}, "auth_failure_redirect_url"),
        ({"auth_failure_redirect_url": "https://a.example/\x00"}, "auth_failure_redirect_url"),
        ({"auth_failure_redirect_url": "https://["}, "auth_failure_redirect_url"),
        ([], "body"),
        ("text", "body"),
        (7, "body"),
    ],
)
def test_what_does_not_fit_is_400_and_named(a: Caller, sent: Any, field: str) -> None:
    cast.source(a.environment, cast.oauth_client())

    answer = a.send("POST", "/auth/generateWidgetSession", data=json.dumps(sent))

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field
    assert not ConnectSession.objects.exists()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "is not JSON"),
        (b"{'a': 1}", "is not JSON"),
        (b'{"reference_id": "\xff\xfe"}', "is not UTF-8"),
        ('{"reference_id": "anna"}'.encode("utf-16"), "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"reference_id": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b'{"show_disconnect": NaN}', "is not JSON"),
        (b'{"unknown": -Infinity}', "is not JSON"),
    ],
    ids=["cut off", "quotes", "bytes", "utf-16", "deep", "long number", "NaN", "infinite"],
)
def test_malformed_json_is_400(a: Caller, body: bytes, said: str) -> None:
    answer = a.send("POST", "/auth/generateWidgetSession", data=body)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"] == f"body: {said}"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "text/xml"])
def test_a_body_of_another_type_is_415(a: Caller, kind: str) -> None:
    answer = a.send("POST", "/auth/generateWidgetSession", data='{"a": 1}', CONTENT_TYPE=kind)

    assert_problem(answer, 415, "unsupported media type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.a+json", ""])
def test_json_is_taken_by_all_its_names(a: Caller, kind: str) -> None:
    body = '{"reference_id": "anna"}'

    assert a.send("POST", "/auth/generateWidgetSession", data=body, CONTENT_TYPE=kind).status == 200

    assert ConnectSession.objects.get().reference_id == "anna"


def chunked(body: bytes, **more: Any) -> dict[str, Any]:
    """As a server passes on a body that came in chunks, which it has put together."""
    whole = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    return {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", **whole, **more}


def test_a_body_in_chunks_is_read(a: Caller) -> None:
    cast.source(a.environment, cast.oauth_client())

    answer = a.send("POST", "/auth/generateWidgetSession", **chunked(b'{"reference_id": "anna"}'))

    assert answer.status == 200
    assert ConnectSession.objects.get().reference_id == "anna"


def test_a_large_body_in_chunks_is_413(a: Caller) -> None:
    body = b'{"reference_id": "' + b"r" * 2_000_000 + b'"}'

    answer = a.send("POST", "/auth/generateWidgetSession", **chunked(body))

    assert_problem(answer, 413, "content too large")


def test_a_body_without_an_end_is_411(a: Caller) -> None:
    more = chunked(b'{"reference_id": "anna"}') | {"wsgi.input_terminated": False}

    answer = a.send("POST", "/auth/generateWidgetSession", **more)

    assert_problem(answer, 411, "length required")
    assert not ConnectSession.objects.exists()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("reference_id=a&reference_id=b", "reference_id"),
        ("user_id=%00&user_id=b", "user_id"),
        ("reference_id=%ff", "query"),
        ("&".join(f"a{number}=1" for number in range(1001)), "the request is malformed"),
    ],
)
def test_an_ambiguous_query_is_400(a: Caller, query: str, field: str) -> None:
    answer = a.send("GET", "/userInfo", QUERY_STRING=query)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field


def test_what_an_operation_reads_as_a_list_may_be_given_twice(a: Caller) -> None:
    query = MultiValueDict({"type": ["auth", "deauth"], "other": ["once"]})

    read = StrictParser().parse_querydict(query, ["type"], RequestFactory().get("/v2/x"))

    assert read == {"type": ["auth", "deauth"], "other": "once"}


@pytest.mark.parametrize(
    "path", ["/v2/subscriptions", "/api/v2/subscriptions", "/v2/docs", "/v2", "/api/widget/session"]
)
def test_another_host_name_is_400_in_the_same_form(a: Caller, path: str) -> None:
    a.prefix = ""

    answer = a.send("GET", path, HTTP_HOST="evil.example")

    assert_problem(answer, 400, "bad request")


@override_settings(ROOT_URLCONF="tests.api.broken_urls")
@pytest.mark.parametrize("debug", [True, False])
def test_a_failure_outside_of_any_operation_is_500_too(a: Caller, debug: bool) -> None:
    with override_settings(DEBUG=debug):
        answer = a.get("/broken")

    assert_problem(answer, 500, "internal server error")
    assert answer.body["detail"] == "something went wrong on our side"


@override_settings(ROOT_URLCONF="tests.api.broken_urls")
@pytest.mark.parametrize(
    ("status", "title"),
    [(410, "gone"), (424, "failed dependency"), (501, "not implemented")],
)
def test_an_operation_answers_with_any_status_in_the_same_form(
    a: Caller, status: int, title: str
) -> None:
    answer = a.get(f"/status/{status}")

    assert_problem(answer, status, title)
    assert answer.body["detail"] == "in words"


def test_a_body_of_two_megabytes_is_413(a: Caller) -> None:
    body = b'{"reference_id": "' + b"r" * 2_000_000 + b'"}'

    answer = a.send("POST", "/auth/generateWidgetSession", data=body)

    assert_problem(answer, 413, "content too large")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "user_id"),
        ({"reference_id": ""}, "user_id"),
        ({"reference_id": "a\x00b"}, "reference_id"),
        ({"reference_id": "r" * 513}, "reference_id"),
        ({"user_id": str(UUID(int=1)), "reference_id": "r"}, "reference_id"),
    ],
)
def test_user_info_names_what_does_not_fit(a: Caller, query: dict[str, str], field: str) -> None:
    answer = a.get("/userInfo", **query)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"page": "-1"}, "page"),
        ({"page": "one"}, "page"),
        ({"page": ""}, "page"),
        ({"page": "1.5"}, "page"),
        ({"page": "0", "per_page": "0"}, "per_page"),
        ({"page": "0", "per_page": "many"}, "per_page"),
    ],
)
def test_pages_name_what_does_not_fit(a: Caller, query: dict[str, str], field: str) -> None:
    answer = a.get("/subscriptions", **query)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field


def test_deauthenticate_wants_a_user(a: Caller) -> None:
    answer = a.delete("/auth/deauthenticateUser")

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == "user_id"


def test_a_failure_of_ours_is_500_in_the_same_form(
    a: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """A damaged row: a real failure in the middle of the work."""
    row = cast.connection(a.environment)
    Connection.objects.filter(pk=row.pk).update(scopes=7)

    answer = a.get("/userInfo", user_id=row.pk)

    assert_problem(answer, 500, "internal server error")
    assert answer.body["detail"] == "something went wrong on our side"
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "GET /v2/userInfo failed"
    ]


def test_a_list_that_fails_at_once_is_500_too(a: Caller) -> None:
    row = cast.connection(a.environment)
    Connection.objects.filter(pk=row.pk).update(scopes=7)

    assert_problem(a.get("/subscriptions"), 500, "internal server error")


@override_settings(DEBUG=True)
def test_not_even_when_debugging_is_there_a_stack_trace(a: Caller) -> None:
    row = cast.connection(a.environment)
    Connection.objects.filter(pk=row.pk).update(scopes=7)

    assert_problem(a.get("/userInfo", user_id=row.pk), 500, "internal server error")


def test_every_answer_has_a_reference_of_its_own(a: Caller) -> None:
    paths = ["/subscriptions", "/subscriptions?page=0", "/nothing", "/docs", "/openapi.json"]
    answers = [a.get(path) for path in [*paths, "/docs/api", "/integrations"]]
    answers += [a.send("PUT", "/userInfo"), a.send("GET", "/subscriptions", headers={})]

    references = {UUID(answer.headers["terra-reference"]) for answer in answers}

    assert [answer.status for answer in answers] == [200, 200, 404, 200, 200, 200, 200, 405, 401]
    assert len(references) == len(answers)
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_pages_for_people_have_none(a: Caller) -> None:
    assert "terra-reference" not in a.client.get("/healthz").headers
    assert "terra-reference" not in a.client.get("/v2x").headers


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log as the portal writes it, through its own filters and format."""
    logging: Any = settings.LOGGING
    (console,) = logging["handlers"].values()
    filters = [RedactingFilter(), ReferenceFilter()]
    assert len(console["filters"]) == len(filters)
    formatter = RedactingFormatter(logging["formatters"]["line"]["format"])
    written = []
    for record in caplog.records:
        assert all(filter.filter(record) for filter in filters)
        written.append(formatter.format(record))
    return written


def test_log_lines_carry_the_reference_and_never_the_key(
    a: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    row = cast.connection(a.environment)
    Connection.objects.filter(pk=row.pk).update(scopes=7)

    with caplog.at_level("INFO"):
        answer = a.get("/userInfo", user_id=row.pk)
        log = lines(caplog)

    assert {" ".join(line.split(" ")[2:]).split("\n")[0] for line in log} == {
        f"ERROR developers.rest.problems [{answer.headers['terra-reference']}]"
        " GET /v2/userInfo failed",
        f"INFO developers.rest.middleware [{answer.headers['terra-reference']}]"
        " GET /v2/userInfo 500",
        f"ERROR django.request [{answer.headers['terra-reference']}]"
        " Internal Server Error: /v2/userInfo",
    }
    assert a.api_key not in "".join(log)


def test_a_line_of_the_log_stays_one_line(a: Caller, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="developers.rest.middleware"):
        a.get("/x%0a2026-01-01 ERROR forged")

    (record,) = [one for one in caplog.records if one.name == "developers.rest.middleware"]
    assert record.getMessage() == "GET /v2/x%0A2026-01-01%20ERROR%20forged 404"
