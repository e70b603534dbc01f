import time
from typing import Any

import pytest
import requests

from .company import Company
from .process import Sandbox


def log(sandbox: Sandbox, company: Company, since: int = 0) -> list[dict[str, Any]]:
    calls = sandbox.control("GET", f"log?since={since}")
    return [call for call in calls if call["client_id"] in (company.client_id, "")]


@pytest.mark.parametrize(
    ("answer", "status", "start"),
    [
        ("500", 500, "<!doctype"),
        ("503", 503, "<!doctype"),
        ("html", 200, "<!doctype"),
        ("garbage", 200, "{not"),
        ("empty", 200, ""),
        ("redirect", 302, ""),
        ("403", 403, "{"),
        ("410", 410, "{"),
        ("429", 429, "{"),
        ("invalid_client", 401, '{"error": "invalid_client"}'),
        ("invalid_grant", 400, '{"error": "invalid_grant"}'),
        ("invalid_token", 401, '{"error": "invalid_token"}'),
        ("huge", 200, "{"),
    ],
)
def test_a_failing_answer_has_no_effect(
    company: Company, sandbox: Sandbox, answer: str, status: int, start: str
) -> None:
    code = company.decide()["code"]
    sandbox.control("PATCH", "dials", {"token_answer": {"answer": answer, "times": 1}})
    failed = company.exchange(code)
    assert (failed.status_code, failed.text.startswith(start)) == (status, True)
    assert (len(failed.content) > 1024 * 1024) == (answer == "huge")
    assert company.exchange(code).status_code == 200


def test_times_are_counted_down(company: Company, sandbox: Sandbox) -> None:
    tokens = company.connect()
    sandbox.control("PATCH", "dials", {"me_answer": {"answer": "500", "times": 2}})
    statuses = [company.me(tokens).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    sandbox.control("PATCH", "dials", {"me_answer": "403"})
    assert [company.me(tokens).status_code for _ in range(3)] == [403, 403, 403]
    sandbox.control("PATCH", "dials", {"me_answer": "normal"})
    assert company.me(tokens).status_code == 200


def test_dropped_before_and_after_the_effect(company: Company, sandbox: Sandbox) -> None:
    tokens = company.connect()
    for answer, status in [("drop", 200), ("drop_after", 401)]:
        sandbox.control("PATCH", "dials", {"revoke_answer": {"answer": answer, "times": 1}})
        with pytest.raises(requests.ConnectionError):
            company.revoke(tokens["access_token"])
        assert company.me(tokens).status_code == status


def test_slow(company: Company, sandbox: Sandbox) -> None:
    tokens = company.connect()
    sandbox.control("PATCH", "dials", {"me_answer": {"answer": "slow:0.5", "times": 1}})
    began = time.monotonic()
    assert company.me(tokens).status_code == 200
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize(
    "dials",
    [
        {"nonsense": 1},
        {"notices": "thrice"},
        {"me_answer": "sideways"},
        {"me_answer": {"answer": "500", "times": 0}},
        {"send_scope": 1},
        {"code_seconds": -1},
    ],
)
def test_what_no_dial_can_show_is_refused_whole(sandbox: Sandbox, dials: dict[str, Any]) -> None:
    before = sandbox.control("GET", "dials")
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.control("PATCH", "dials", {"access_token_seconds": 7, **dials})
    assert sandbox.control("GET", "dials") == before


def test_the_log_counts_calls(company: Company, sandbox: Sandbox) -> None:
    since = max([call["number"] for call in sandbox.control("GET", "log")], default=0)
    tokens = company.connect()
    company.me(tokens)
    company.refresh(tokens)
    sandbox.control("PATCH", "dials", {"revoke_answer": {"answer": "drop_after", "times": 1}})
    with pytest.raises(requests.ConnectionError):
        company.revoke(tokens["refresh_token"])
    calls = log(sandbox, company, since)
    assert [(c["kind"], c["grant_type"], c["status"], c["effect"]) for c in calls] == [
        ("token", "authorization_code", 200, True),
        ("me", "", 200, True),
        ("token", "refresh_token", 200, True),
        ("revoke", "", None, True),
    ]
    assert {call["account"] for call in calls} == {company.account}


def test_the_control_door_is_shut_without_its_key(sandbox: Sandbox) -> None:
    for headers in [{}, {"X-Sandbox-Control": "guess"}]:
        for path in ["dials", "log", "accounts/x"]:
            url = f"{sandbox.url}/control/{path}"
            assert requests.get(url, headers=headers, timeout=20).status_code == 403
