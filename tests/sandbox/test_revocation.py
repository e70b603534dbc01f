import tempfile
import time
from datetime import datetime
from pathlib import Path

import pytest

from .company import Company, NoticeServer, wait_until
from .process import Sandbox, start_sandbox


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_any_token_kills_the_consent_and_echoes(
    company: Company, notices: NoticeServer, kind: str
) -> None:
    tokens = company.connect()
    assert company.revoke(tokens[kind]).status_code == 200
    assert company.me(tokens).status_code == 401
    assert company.refresh(tokens).json()["error"] == "invalid_grant"
    wait_until(lambda: len(notices.received) == 1)
    assert notices.received[0].payload["consent_id"] == tokens["consent_id"]


def test_an_unknown_or_foreign_token_revokes_nothing(company: Company, sandbox: Sandbox) -> None:
    tokens, other = company.connect(), Company(sandbox, account=company.account)
    assert company.revoke("unknown").status_code == 200
    assert other.revoke(tokens["access_token"]).status_code == 200
    assert company.me(tokens).status_code == 200


def test_the_books_tell_how_each_consent_ended(company: Company, sandbox: Sandbox) -> None:
    other = Company(sandbox, account=company.account)
    company.connect()
    tokens = company.connect()
    company.refresh(tokens)
    company.refresh(tokens)
    company.connect()
    company.press_revoke()
    company.revoke(company.connect()["access_token"])
    other.connect()
    company.decide()
    mine = sandbox.control("GET", f"consents?clients={company.client_id}")
    ends = ["superseded", "refresh_reused", "person", "client"]
    assert [consent["end"] for consent in mine] == ends
    assert mine[1]["consent_id"] == tokens["consent_id"]
    both = sandbox.control("GET", f"consents?clients={company.client_id} {other.client_id}")
    assert [consent["client_id"] for consent in both] == [company.client_id] * 4 + [other.client_id]
    assert (both[-1]["account"], both[-1]["end"], both[-1]["ended_at"]) == (
        company.account,
        "",
        None,
    )


def test_the_person_revokes_one_app(company: Company, sandbox: Sandbox) -> None:
    other = Company(sandbox, account=company.account)
    mine, theirs = company.connect(), other.connect()
    assert company.press_revoke() == 1
    assert company.me(mine).status_code == 401
    assert other.me(theirs).status_code == 200
    live = sandbox.control("GET", f"accounts/{company.account}")
    assert [consent["client_id"] for consent in live["consents"]] == [other.client_id]
    assert live["access_tokens"] == live["refresh_tokens"] == [other.client_id]


def test_a_notice_comes_twice_with_one_body_and_two_signatures(
    company: Company, sandbox: Sandbox, notices: NoticeServer
) -> None:
    sandbox.control("PATCH", "dials", {"late_notice_seconds": 2})
    tokens, before = company.connect(), time.time()
    company.press_revoke()
    wait_until(lambda: len(notices.received) == 2)
    first, second = notices.received
    assert first.at - before < 1
    assert 1.5 < second.at - before < 3.5
    assert first.body == second.body
    assert first.signature != second.signature
    assert company.signed(first)
    assert company.signed(second)
    payload = first.payload
    occurred_at = payload.pop("occurred_at")
    assert datetime.fromisoformat(occurred_at).isoformat(timespec="microseconds") == occurred_at
    assert occurred_at.endswith("+00:00")
    assert payload.pop("id").startswith("ntc_")
    assert payload == {
        "type": "access_revoked",
        "client_id": company.client_id,
        "user_id": tokens["user_id"],
        "consent_id": tokens["consent_id"],
    }


def planned(sandbox: Sandbox, company: Company) -> list[int]:
    """How many sendings each notice of this company has."""
    listed = sandbox.control("GET", "notices")
    return [len(one["sendings"]) for one in listed if one["client_id"] == company.client_id]


def test_superseded_and_reused_consents_send_nothing(company: Company, sandbox: Sandbox) -> None:
    company.connect()
    tokens = company.connect()
    company.refresh(tokens)
    company.refresh(tokens)
    assert company.me(tokens).status_code == 401
    assert planned(sandbox, company) == []


@pytest.mark.parametrize(
    ("dials", "expected"),
    [({"notices": "once"}, [1]), ({"notices": "never"}, []), ({"notices": "twice"}, [2])],
)
def test_dial_notices(
    company: Company, sandbox: Sandbox, dials: dict[str, str], expected: list[int]
) -> None:
    sandbox.control("PATCH", "dials", dials)
    company.connect()
    company.press_revoke()
    assert planned(sandbox, company) == expected


def test_dial_no_echo_of_a_revoke(company: Company, sandbox: Sandbox) -> None:
    sandbox.control("PATCH", "dials", {"revoke_sends_notice": False})
    tokens = company.connect()
    company.revoke(tokens["access_token"])
    assert company.me(tokens).status_code == 401
    assert planned(sandbox, company) == []


def test_dial_a_notice_that_names_no_consent(
    company: Company, sandbox: Sandbox, notices: NoticeServer
) -> None:
    sandbox.control("PATCH", "dials", {"notice_names_consent": False})
    company.connect()
    company.press_revoke()
    wait_until(lambda: len(notices.received) == 1)
    assert "consent_id" not in notices.received[0].payload


def test_a_notice_is_tried_again(company: Company, sandbox: Sandbox, notices: NoticeServer) -> None:
    sandbox.control("PATCH", "dials", {"notices": "once"})
    notices.failing = 2
    company.connect()
    company.press_revoke()
    wait_until(lambda: len(notices.received) == 3)
    assert len({notice.body for notice in notices.received}) == 1


def test_resend_and_forge(company: Company, sandbox: Sandbox, notices: NoticeServer) -> None:
    sandbox.control("PATCH", "dials", {"notices": "once"})
    company.connect()
    company.press_revoke()
    wait_until(lambda: len(notices.received) == 1)
    sandbox.control("POST", "notices/resend", {"id": notices.received[0].payload["id"]})
    wait_until(lambda: len(notices.received) == 2)
    assert notices.received[0].body == notices.received[1].body
    forged = {"client_id": company.client_id, "body": {"id": "x"}}
    sandbox.control("POST", "notices/forge", {**forged, "signature": "wrong"})
    wait_until(lambda: len(notices.received) == 3)
    sandbox.control("POST", "notices/forge", forged)
    wait_until(lambda: len(notices.received) == 4)
    assert [company.signed(notice) for notice in notices.received] == [True, True, False, True]


def test_a_restart_continues_pending_notices_and_keeps_tokens(notices: NoticeServer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        before = start_sandbox(Path(folder))
        before.control("PATCH", "dials", {"late_notice_seconds": 3})
        company, other = Company(before, notices.url), Company(before)
        company.connect()
        kept = other.connect()
        company.press_revoke()
        wait_until(lambda: len(notices.received) == 1)
        assert before.stop() == 0
        after = start_sandbox(Path(folder))
        try:
            wait_until(lambda: len(notices.received) == 2)
            other.sandbox = after
            assert other.me(kept).status_code == 200
        finally:
            assert after.stop() == 0
    assert notices.received[0].body == notices.received[1].body
