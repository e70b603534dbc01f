"""Garmin: permissions ticked on its own page, notices without proof."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
    Probe,
    Reply,
)
from terra_portal import clock
from tests.connections.providers.asking import (
    CLIENT_ID,
    HELD,
    asked_of_person,
    failure,
    provider,
    refused_refresh,
)
from tests.connections.providers.stand_in import Answer, StandIn

TOKEN = "POST diauth.garmin.com/di-oauth2-service/oauth/token"
API = "apis.garmin.com/wellness-api/rest/user"
TOKENS = {
    "access_token": "access-2",
    "refresh_token": "refresh-2",
    "expires_in": 86400,
    "refresh_token_expires_in": 7775998,
    "scope": "PARTNER_WRITE PARTNER_READ",
    "jti": "j",
}


def exchange(maker: StandIn, permissions: Any) -> Any:
    maker.set(TOKEN, TOKENS)
    maker.set(f"GET {API}/id", {"userId": "d3315b10"})
    maker.set(f"GET {API}/permissions", permissions)
    return provider("GARMIN").exchange("code-1", "verifier-1")


def test_a_person_is_asked_without_scopes_but_with_pkce(maker: StandIn) -> None:
    asked = asked_of_person(provider("GARMIN"))
    assert (asked["code_challenge_method"], "scope" in asked) == ("S256", False)


@pytest.mark.parametrize("shape", [list, lambda said: {"permissions": said}])
def test_what_was_ticked_is_asked_for(maker: StandIn, shape: Any) -> None:
    answer = exchange(maker, shape(["HEALTH_EXPORT", "ACTIVITY_EXPORT"]))
    assert answer.provider_user_id == "d3315b10"
    assert answer.scopes == ["ACTIVITY_EXPORT", "HEALTH_EXPORT"]
    assert maker.calls[0].form["code_verifier"] == "verifier-1"
    assert maker.calls[1].bearer == "access-2"


@pytest.mark.parametrize("said", [{}, {"permissions": 7}, [7], ["a\x00"], b"<html>"])
def test_permissions_in_another_shape_make_no_grant(maker: StandIn, said: Any) -> None:
    assert failure(exchange, maker, said).failure == Failure.UNUSABLE


def test_tokens_are_refreshed_ten_minutes_early(maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS, TOKENS | {"expires_in": 600})
    before = clock.now()
    answer = provider("GARMIN").refresh(HELD)
    assert answer.scopes is None
    assert answer.access_expires_at is not None
    lives = answer.access_expires_at - before
    assert timedelta(hours=23, minutes=49) < lives < timedelta(hours=23, minutes=51)
    assert answer.refresh_expires_at is not None
    assert answer.refresh_expires_at - before > timedelta(days=89)
    short = provider("GARMIN").refresh(HELD).access_expires_at
    assert short is not None
    assert short - before > timedelta(minutes=8)


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, {"error": "invalid_grant"}, Failure.INVALID_GRANT),
        (400, {"message": "Invalid refresh token: abc"}, Failure.INVALID_GRANT),
        (401, {"error": "invalid_client"}, Failure.INVALID_CLIENT),
        (400, {"error": "invalid_request"}, Failure.UNUSABLE),
        (503, {}, Failure.UNAVAILABLE),
    ],
)
def test_what_a_refused_refresh_means(
    maker: StandIn, status: int, said: Any, expected: Failure
) -> None:
    maker.set(TOKEN, said, status=status)
    assert refused_refresh(provider("GARMIN"), HELD) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({"userId": "d3315b10"}), Probe.ALIVE),
        (Answer({"errorMessage": "Token is not active"}, 401), Probe.DEAD),
        (Answer(b"Token is not active", 401), Probe.DEAD),
        (Answer({}, 403), Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(maker: StandIn, answer: Answer, expected: Probe) -> None:
    maker.set(f"GET {API}/id", answer)
    assert provider("GARMIN").probe(HELD) == expected


def test_a_revoke_deregisters_the_person(maker: StandIn) -> None:
    maker.set(f"DELETE {API}/registration", Answer(b"", 204), Answer({}, 401))
    revoke = provider("GARMIN").revoke
    revoke(HELD)
    revoke(HELD)
    run_out = Held("access-1", "refresh-1", "person-1", has_run_out=True)
    assert failure(revoke, run_out).failure == Failure.UNUSABLE


# Notices


def hear(said: Any, client_id: str = CLIENT_ID) -> Reply:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return provider("GARMIN").hear(Knock("POST", {"garmin-client-id": client_id}, {}, body))


def test_a_notice_only_asks_for_a_look() -> None:
    change = {"userId": "b", "permissions": [], "changeTimeInSeconds": 1613065860}
    said = {"deregistrations": [{"userId": "a"}], "userPermissionsChange": [change]}
    reply = hear(said)
    assert reply.status == 200
    assert list(reply.messages) == [
        NoticeMessage(NoticeKind.DOUBT, "a"),
        NoticeMessage(NoticeKind.SCOPES, "b"),
    ]


def test_pushed_data_says_nothing_to_us() -> None:
    assert list(hear({"dailies": [{"userId": "a", "steps": 1}]}).messages) == []


@pytest.mark.parametrize("client_id", ["", "another", "é", "\ud800"])
def test_another_client_s_notice_is_refused(client_id: str) -> None:
    with pytest.raises(NotVerifiedError):
        hear({"deregistrations": [{"userId": "a"}]}, client_id)


@pytest.mark.parametrize("kind", ["deregistrations", "userPermissionsChange"])
@pytest.mark.parametrize(
    "listed",
    [7, [7], [[]], [{}], {"a": 1}, "text", [{"userId": None}], [{"userId": "\x00"}]]
    + [[{"userId": "\ud800"}], [{"userId": "a" * 256}], [{"userId": "a"}] * 1001],
)
def test_a_notice_in_another_shape_is_not_understood(kind: str, listed: Any) -> None:
    with pytest.raises(MalformedNoticeError):
        hear({kind: listed})
