"""Strava: what was ticked stands in the redirect, refusals have a shape of their own."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from connections.providers import strava
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
    Subscription,
)
from tests.connections.providers.asking import (
    CLIENT_ID,
    HELD,
    asked_of_person,
    failure,
    provider,
    refused_refresh,
)
from tests.connections.providers.stand_in import CLIENT_SECRET, NOTICE_URL, Answer, StandIn

TOKEN, REVOKE = "POST www.strava.com/oauth/token", "POST www.strava.com/oauth/revoke"
ATHLETE = "GET www.strava.com/api/v3/athlete"
SUBSCRIPTIONS = "www.strava.com/api/v3/push_subscriptions"
TOKENS = {
    "token_type": "Bearer",
    "expires_at": 1700021600,
    "expires_in": 21600,
    "refresh_token": "refresh-2",
    "access_token": "access-2",
}
ATHLETE_SAID = {"athlete": {"id": 134815, "username": "runner"}}


def errors(resource: str, field: str, code: str) -> dict[str, Any]:
    named = {"resource": resource, "field": field, "code": code}
    return {"message": "Authorization Error", "errors": [named]}


# Tokens


def test_a_person_is_asked_for_scopes_with_commas(maker: StandIn) -> None:
    asked = asked_of_person(provider("STRAVA"), "activity:read_all")
    assert asked["scope"] == "activity:read_all,read"
    assert "code_challenge" not in asked


@pytest.mark.parametrize(
    ("told", "granted"),
    [
        ("read,activity:read_all", ["read", "activity:read_all"]),
        ("read", ["read"]),
        ("nothing,of\x00ours", []),
        ("", None),
    ],
)
def test_what_was_ticked_stands_in_the_redirect(
    maker: StandIn, told: str, granted: list[str] | None
) -> None:
    maker.set(TOKEN, TOKENS | ATHLETE_SAID)
    answer = provider("STRAVA").exchange("code-1", "", told_scope=told)
    assert (answer.provider_user_id, answer.scopes) == ("134815", granted)
    form = maker.calls[0].form
    assert (form["client_id"], form["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
    assert "authorization" not in maker.calls[0].headers


@pytest.mark.parametrize("athlete", [{}, {"athlete": None}, {"athlete": {"id": [1]}}])
def test_an_answer_to_a_code_names_somebody(maker: StandIn, athlete: Any) -> None:
    maker.set(TOKEN, TOKENS | athlete)
    assert failure(provider("STRAVA").exchange, "code-1", "").failure == Failure.UNUSABLE


def test_a_refresh_names_nobody_and_may_bring_the_same_token(maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS | {"refresh_token": "refresh-1"})
    answer = provider("STRAVA").refresh(HELD)
    assert (answer.provider_user_id, answer.scopes) == ("", None)
    assert (answer.access_token, answer.refresh_token) == ("access-2", "refresh-1")


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, errors("RefreshToken", "refresh_token", "invalid"), Failure.INVALID_GRANT),
        (400, errors("RefreshToken", "refresh_token", "missing"), Failure.UNUSABLE),
        (400, errors("Application", "client_id", "invalid"), Failure.INVALID_CLIENT),
        (401, errors("Application", "", "invalid"), Failure.INVALID_CLIENT),
        (403, errors("Application", "Status", "Inactive"), Failure.INVALID_CLIENT),
        (400, errors("AuthorizationCode", "code", "invalid"), Failure.UNUSABLE),
        (400, {"errors": "none"}, Failure.UNUSABLE),
        (400, {"errors": ["none"]}, Failure.UNUSABLE),
        (403, b"<html>", Failure.UNUSABLE),
        (429, {}, Failure.UNAVAILABLE),
        (500, {}, Failure.UNAVAILABLE),
        (410, {}, Failure.RETIRED),
    ],
)
def test_what_a_refused_refresh_means(
    maker: StandIn, status: int, said: Any, expected: Failure
) -> None:
    maker.set(TOKEN, said, status=status)
    assert refused_refresh(provider("STRAVA"), HELD) == expected


# Probe and revoke


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (200, {"id": 134815}, Probe.ALIVE),
        (401, errors("Athlete", "access_token", "invalid"), Probe.DEAD),
        (401, errors("AccessToken", "activity:read_permission", "missing"), Probe.UNSURE),
        (401, errors("Application", "access_token", "invalid"), Probe.UNSURE),
        (403, errors("Athlete", "access_token", "invalid"), Probe.UNSURE),
        (401, {}, Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(maker: StandIn, status: int, said: Any, expected: Probe) -> None:
    maker.set(ATHLETE, said, status=status)
    assert provider("STRAVA").probe(HELD) == expected
    assert maker.calls[0].bearer == "access-1"


@pytest.mark.parametrize(
    ("held", "token", "hint"),
    [(HELD, "refresh-1", "refresh_token"), (Held("access-1", "", "1"), "access-1", "access_token")],
)
def test_a_revoke_uses_basic(maker: StandIn, held: Held, token: str, hint: str) -> None:
    maker.set(REVOKE, b"")
    provider("STRAVA").revoke(held)
    (asked,) = maker.calls
    assert asked.form == {"token": token, "token_type_hint": hint}
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    assert asked.headers["authorization"] == f"Basic {basic}"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, Failure.INVALID_CLIENT), (400, Failure.UNUSABLE), (503, Failure.UNAVAILABLE)],
)
def test_a_refused_revoke_is_not_taken_for_done(
    maker: StandIn, status: int, expected: Failure
) -> None:
    maker.set(REVOKE, {}, status=status)
    assert failure(provider("STRAVA").revoke, HELD).failure == expected


# The subscription of the application


def subscribe(**more: Any) -> Subscription | None:
    return provider("STRAVA", **more).subscribe_application()


def test_a_subscription_is_made_where_there_is_none(maker: StandIn) -> None:
    maker.set(f"GET {SUBSCRIPTIONS}", [])
    maker.set(f"POST {SUBSCRIPTIONS}", {"id": 120475}, status=201)
    assert subscribe() == Subscription("120475")
    listed, made = maker.calls
    assert listed.query == {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert made.form == listed.query | {
        "callback_url": NOTICE_URL,
        "verify_token": strava.verify_token(CLIENT_SECRET),
    }


def test_ours_is_found_again_and_one_that_leads_elsewhere_left_alone(maker: StandIn) -> None:
    ours = {"id": 7, "callback_url": NOTICE_URL}
    elsewhere = {"id": 8, "callback_url": "https://elsewhere.example/"}
    maker.set(f"GET {SUBSCRIPTIONS}", [ours], [elsewhere])
    assert subscribe(notice_secret="kept") == Subscription("7", "kept")
    assert subscribe() is None
    assert maker.asked() == [f"GET {SUBSCRIPTIONS}"] * 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({}, 401), Failure.INVALID_CLIENT),
        (Answer({}, 500), Failure.UNAVAILABLE),
        (Answer(7), Failure.UNUSABLE),
        (Answer([7]), Failure.UNUSABLE),
        (Answer([{"id": 7}]), Failure.UNUSABLE),
        (Answer([{"id": None, "callback_url": NOTICE_URL}]), Failure.UNUSABLE),
    ],
)
def test_what_a_refused_look_means(maker: StandIn, answer: Answer, expected: Failure) -> None:
    maker.set(f"GET {SUBSCRIPTIONS}", answer)
    assert failure(subscribe).failure == expected


# Notices

REVOKED: dict[str, Any] = {
    "object_type": "athlete",
    "object_id": 134815,
    "aspect_type": "update",
    "updates": {"authorized": "false"},
    "owner_id": 134815,
    "subscription_id": 120475,
    "event_time": 1516126040,
}
AT = datetime(2018, 1, 16, 18, 7, 20, tzinfo=UTC)


def event(**more: Any) -> bytes:
    return json.dumps(REVOKED | more).encode()


def hear(body: bytes, signed_with: str = "", *, age: int = 0, **more: Any) -> Reply:
    stamp = str(int(time.time()) - age)
    code = strava.signature(signed_with, stamp, body) if signed_with else "0" * 64
    headers = {"X-Strava-Signature": f"t={stamp},v1={code}"} if signed_with != "none" else {}
    given = {"subscription_id": "120475"} | more
    return provider("STRAVA", **given).hear(Knock("POST", headers, {}, body))


@pytest.mark.parametrize("secret", [CLIENT_SECRET, "told us"])
def test_an_event_signed_with_a_secret_of_ours_ends_what_is_older(secret: str) -> None:
    reply = hear(event(), secret, notice_secret="told us")
    told = NoticeMessage(NoticeKind.REVOKED, "134815", occurred_at=AT)
    assert (reply.status, list(reply.messages)) == (200, [told])


def test_a_signature_makes_the_subscription_s_id_needless() -> None:
    (told,) = hear(event(subscription_id=1), CLIENT_SECRET).messages
    assert told.kind == NoticeKind.REVOKED


@pytest.mark.parametrize(
    ("secret", "age"), [("none", 0), ("", 0), ("guessed", 0), (CLIENT_SECRET, 301)]
)
def test_an_event_that_nobody_can_verify_is_a_reason_to_look(secret: str, age: int) -> None:
    (told,) = hear(event(), secret, age=age).messages
    assert told == NoticeMessage(NoticeKind.DOUBT, "134815", occurred_at=AT)


def test_what_is_signed_with_no_secret_at_all_proves_nothing() -> None:
    """Where we were given none for it, an empty one must not fit."""
    stamp, body = str(int(time.time())), event()
    code = hmac.new(b"", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Strava-Signature": f"t={stamp},v1={code}"}
    ours = provider("STRAVA", subscription_id="120475", notice_secret="")
    (told,) = ours.hear(Knock("POST", headers, {}, body)).messages
    assert told.kind == NoticeKind.DOUBT


@pytest.mark.parametrize("ours", ["120476", ""])
def test_an_unverified_event_of_another_subscription_is_refused(ours: str) -> None:
    with pytest.raises(NotVerifiedError):
        hear(event(), "none", subscription_id=ours)


@pytest.mark.parametrize("given", [None, "", [], True, "\ud800"])
def test_a_subscription_without_an_id_matches_none(given: Any) -> None:
    with pytest.raises(NotVerifiedError):
        hear(event(subscription_id=given), "none", subscription_id="")


@pytest.mark.parametrize(
    "more",
    [
        {"object_type": "activity", "aspect_type": "create", "updates": {}},
        {"aspect_type": "delete"},
        {"updates": {"authorized": False}},
        {"updates": {"authorized": "true"}},
        {"updates": {"title": "Run"}},
    ],
)
def test_other_events_say_nothing_to_us(more: dict[str, Any]) -> None:
    assert list(hear(event(**more), CLIENT_SECRET).messages) == []


@pytest.mark.parametrize(
    "more",
    [
        {"owner_id": None},
        {"owner_id": "a\x00"},
        {"owner_id": "\ud800"},
        {"owner_id": "9" * 256},
        {"updates": None},
        {"updates": "false"},
        {"event_time": None},
        {"event_time": "1516126040"},
        {"event_time": True},
        {"event_time": 1.5},
        {"event_time": 10**30},
    ],
)
def test_a_signed_event_in_another_shape_is_not_understood(more: dict[str, Any]) -> None:
    with pytest.raises(MalformedNoticeError):
        hear(event(**more), CLIENT_SECRET)


def handshake(**query: str) -> Reply:
    return provider("STRAVA").hear(Knock("GET", {}, {f"hub.{k}": v for k, v in query.items()}))


def test_the_challenge_comes_back_to_whoever_knows_the_word() -> None:
    word = strava.verify_token(CLIENT_SECRET)
    reply = handshake(mode="subscribe", challenge='15f7"d1a91c1f40', verify_token=word)
    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.content) == {"hub.challenge": '15f7"d1a91c1f40'}


@pytest.mark.parametrize("word", ["", "guessed", CLIENT_SECRET, "\ud800"])
def test_nobody_else_passes_the_handshake(word: str) -> None:
    with pytest.raises(NotVerifiedError):
        handshake(mode="subscribe", challenge="c", verify_token=word)
