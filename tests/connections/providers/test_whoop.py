"""WHOOP: `offline` for a refresh token, a profile to name the account, silence about revocation."""

import time
from typing import Any

import pytest

from connections.providers import whoop
from connections.providers.answers import (
    Failure,
    Knock,
    MalformedNoticeError,
    NotVerifiedError,
    Probe,
    Reply,
)
from tests.connections.providers.asking import (
    CLIENT_ID,
    HELD,
    asked_of_person,
    failure,
    provider,
    refused_refresh,
)
from tests.connections.providers.stand_in import CLIENT_SECRET, Answer, StandIn

HOST = "api.prod.whoop.com"
TOKEN, PROFILE = f"POST {HOST}/oauth/oauth2/token", f"GET {HOST}/developer/v2/user/profile/basic"
TOKENS = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600}


def test_a_person_is_asked_for_offline_and_a_name_whatever_a_source_says(maker: StandIn) -> None:
    asked = asked_of_person(provider("WHOOP"), "read:sleep")
    assert asked["scope"] == "read:sleep read:profile offline"
    assert "code_challenge" not in asked


def test_the_account_is_named_by_its_profile(maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS | {"scope": "offline read:profile read:sleep"})
    maker.set(PROFILE, {"user_id": 10129, "email": "x"})
    answer = provider("WHOOP").exchange("code-1", "")
    assert (answer.provider_user_id, answer.scopes) == ("10129", ["read:profile", "read:sleep"])
    assert maker.calls[0].form["client_id"] == CLIENT_ID
    assert maker.calls[1].bearer == "access-2"


def test_a_profile_that_stumbles_is_asked_again(maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS)
    maker.set(PROFILE, Answer({}, 500), Answer({}, 500), Answer({"user_id": 10129}))
    assert provider("WHOOP").exchange("code-1", "").provider_user_id == "10129"
    maker.set(PROFILE, Answer({}, 500))
    assert failure(provider("WHOOP").exchange, "code-1", "").failure == Failure.UNAVAILABLE


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"scope": "offline"}, None),
        ({}, None),
        ({"scope": "offline read:sleep"}, ["read:sleep"]),
    ],
)
def test_a_refresh_asks_for_offline_and_takes_its_echo_for_no_news(
    maker: StandIn, scope: dict[str, str], expected: list[str] | None
) -> None:
    maker.set(TOKEN, TOKENS | scope)
    assert provider("WHOOP").refresh(HELD).scopes == expected
    assert maker.calls[0].form["scope"] == "offline"


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, {"error": "invalid_grant"}, Failure.INVALID_GRANT),
        (401, {"error": "invalid_client"}, Failure.INVALID_CLIENT),
        (400, {"error": "invalid_request"}, Failure.UNUSABLE),
        (429, {}, Failure.UNAVAILABLE),
    ],
)
def test_what_a_refused_refresh_means(
    maker: StandIn, status: int, said: Any, expected: Failure
) -> None:
    maker.set(TOKEN, said, status=status)
    assert refused_refresh(provider("WHOOP"), HELD) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({"user_id": 10129}), Probe.ALIVE),
        (Answer(b"Authorization was not valid", 401), Probe.DEAD),
        (Answer(b"", 401), Probe.DEAD),
        (Answer({}, 401), Probe.DEAD),
        (Answer({}, 403), Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(maker: StandIn, answer: Answer, expected: Probe) -> None:
    """WHOOP refuses in plain words."""
    maker.set(PROFILE, answer)
    assert provider("WHOOP").probe(HELD) == expected


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>Sign in to the network</html>", 401),
        Answer(b"  <!doctype html>", 401),
        Answer(b"Sign in", 401, {"Content-Type": "text/html"}),
        Answer(b'{"error":', 401),
        Answer(b"[]", 401),
        Answer(b"alive", 200),
        Answer({}, 302),
        Answer({}, 503),
    ],
)
def test_a_page_of_something_in_between_shows_nothing(maker: StandIn, answer: Answer) -> None:
    maker.set(PROFILE, answer)
    failure(provider("WHOOP").probe, HELD)


def test_a_revoke_takes_back_the_access(maker: StandIn) -> None:
    maker.set(f"DELETE {HOST}/developer/v2/user/access", b"", status=204)
    provider("WHOOP").revoke(HELD)
    assert maker.calls[0].bearer == "access-1"


# Notices


def hear(body: bytes, *, secret: str = CLIENT_SECRET, stamp: str = "") -> Reply:
    stamp = stamp or str(int(time.time() * 1000))
    headers = {
        "X-WHOOP-Signature": whoop.signature(secret, stamp, body),
        "X-WHOOP-Signature-Timestamp": stamp,
    }
    return provider("WHOOP").hear(Knock("POST", headers, {}, body))


def test_a_signed_notice_is_taken_and_says_nothing_to_us() -> None:
    assert hear(b'{"user_id":10129,"type":"sleep.updated"}') == Reply([], status=204)


@pytest.mark.parametrize(
    "how",
    [{"secret": "another"}, {"stamp": "1700000000000"}, {"stamp": "soon"}, {"stamp": "٣"}]
    + [{"stamp": "9" * 17}, {"stamp": "\ud800"}],
)
def test_what_is_not_signed_now_by_this_client_is_refused(how: dict[str, str]) -> None:
    with pytest.raises(NotVerifiedError):
        hear(b"{}", **how)


@pytest.mark.parametrize("body", [b"", b"\xff", b"<html>", b"[" * 10_000])
def test_garbage_that_is_signed_is_not_understood(body: bytes) -> None:
    with pytest.raises(MalformedNoticeError):
        hear(body)
