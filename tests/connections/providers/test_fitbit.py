"""Fitbit: signed notices that name the consent by the id which they were ordered under."""

import json
from typing import Any

import pytest

from connections.providers import fitbit
from connections.providers.answers import (
    Failure,
    Knock,
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
    Probe,
    Reply,
)
from tests.connections.providers.asking import (
    HELD,
    asked_of_person,
    failure,
    provider,
    refused_refresh,
)
from tests.connections.providers.stand_in import CLIENT_SECRET, Answer, StandIn

TOKEN, PROFILE = "POST api.fitbit.com/oauth2/token", "GET api.fitbit.com/1/user/-/profile.json"
ORDERS = "api.fitbit.com/1/user/-/userRevokedAccess/apiSubscriptions"
TOKENS = {
    "access_token": "access-2",
    "refresh_token": "refresh-2",
    "expires_in": 28800,
    "scope": "sleep activity",
    "user_id": "ABC123",
}


def errors(kind: str) -> dict[str, Any]:
    return {"errors": [{"errorType": kind, "message": "…"}], "success": False}


def mine(number: int, person: str = "person-1") -> str:
    return fitbit.subscription_id(person, number)


def test_a_code_is_exchanged_with_basic_and_pkce(maker: StandIn) -> None:
    assert asked_of_person(provider("FITBIT"))["code_challenge_method"] == "S256"
    maker.set(TOKEN, TOKENS)
    answer = provider("FITBIT").exchange("code-1", "verifier-1")
    assert (answer.provider_user_id, answer.scopes) == ("ABC123", ["activity", "sleep"])
    (asked,) = maker.calls
    assert asked.headers["authorization"].startswith("Basic ")
    assert (asked.form["code_verifier"], "client_secret" in asked.form) == ("verifier-1", False)


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (400, errors("invalid_grant"), Failure.INVALID_GRANT),
        (401, errors("invalid_grant"), Failure.INVALID_GRANT),
        (401, errors("invalid_client"), Failure.INVALID_CLIENT),
        (400, errors("invalid_request"), Failure.UNUSABLE),
        (400, {"errors": []}, Failure.UNUSABLE),
        (400, {"errors": [7]}, Failure.UNUSABLE),
        (410, {}, Failure.RETIRED),
        (429, {}, Failure.UNAVAILABLE),
    ],
)
def test_what_a_refused_refresh_means(
    maker: StandIn, status: int, said: Any, expected: Failure
) -> None:
    maker.set(TOKEN, said, status=status)
    assert refused_refresh(provider("FITBIT"), HELD) == expected


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (200, {"user": {}}, Probe.ALIVE),
        (401, errors("invalid_token"), Probe.DEAD),
        (401, errors("expired_token"), Probe.UNSURE),
        (403, errors("insufficient_scope"), Probe.ALIVE),
        (403, errors("request"), Probe.UNSURE),
        (401, b"", Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(maker: StandIn, status: int, said: Any, expected: Probe) -> None:
    maker.set(PROFILE, said, status=status)
    assert provider("FITBIT").probe(HELD) == expected


def test_the_end_of_the_api_is_no_end_of_an_authorisation(maker: StandIn) -> None:
    maker.set(PROFILE, {}, status=410)
    assert failure(provider("FITBIT").probe, HELD).failure == Failure.RETIRED


# Notices


def test_the_notice_is_ordered_under_an_id_that_names_the_consent(maker: StandIn) -> None:
    foreign = {"subscriptionId": "2345"}
    old = {"subscriptionId": mine(2)}
    maker.set(f"GET {ORDERS}.json", {"apiSubscriptions": [foreign, old]})
    maker.set(f"DELETE {ORDERS}/{mine(2)}.json", b"", status=404)
    maker.set(f"POST {ORDERS}/{mine(3)}.json", {}, status=201)
    provider("FITBIT").subscribe(HELD, 3)
    assert maker.asked() == [
        f"GET {ORDERS}.json",
        f"DELETE {ORDERS}/{mine(2)}.json",
        f"POST {ORDERS}/{mine(3)}.json",
    ]
    assert all(asked.bearer == "access-1" for asked in maker.calls)
    assert len(mine(999_999_999)) <= 50


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({"apiSubscriptions": 7}), Failure.UNUSABLE),
        (Answer({"apiSubscriptions": [7]}), Failure.UNUSABLE),
        (Answer({"apiSubscriptions": [{}]}), Failure.UNUSABLE),
        (Answer({}, 403), Failure.UNUSABLE),
        (Answer({}, 500), Failure.UNAVAILABLE),
        (Answer({}, 410), Failure.RETIRED),
    ],
)
def test_what_a_refused_order_means(maker: StandIn, answer: Answer, expected: Failure) -> None:
    maker.set(f"GET {ORDERS}.json", answer)
    assert failure(provider("FITBIT").subscribe, HELD, 3).failure == expected


def entry(**more: Any) -> dict[str, Any]:
    said = {"collectionType": "userRevokedAccess", "ownerId": "ABC123", "ownerType": "user"}
    return said | {"date": "2026-06-01", "subscriptionId": mine(3, "ABC123")} | more


def hear(body: bytes, signature: str = "") -> Reply:
    headers = {"X-Fitbit-Signature": signature or fitbit.signature(CLIENT_SECRET, body)}
    return provider("FITBIT").hear(Knock("POST", headers, {}, body))


def test_one_notice_tells_of_several_people() -> None:
    other = entry(ownerId="DEF456", subscriptionId="2345")
    reply = hear(json.dumps([entry(), other, entry(collectionType="sleep")]).encode())
    assert reply.status == 204
    assert list(reply.messages) == [
        NoticeMessage(NoticeKind.REVOKED, "ABC123", authorisation_number=3),
        NoticeMessage(NoticeKind.REVOKED, "DEF456"),
    ]


@pytest.mark.parametrize("given", [mine(3, "DEF456"), "terra-portal-0-3", 7, None, [], {"a": 1}])
def test_an_id_that_is_not_ours_for_this_person_names_no_consent(given: Any) -> None:
    (told,) = hear(json.dumps([entry(subscriptionId=given)]).encode()).messages
    assert told == NoticeMessage(NoticeKind.REVOKED, "ABC123")


@pytest.mark.parametrize("signature", ["garbage", "é", fitbit.signature("other", b"[]")])
def test_what_is_not_signed_is_refused_as_the_makers_page_wants(signature: str) -> None:
    with pytest.raises(NotVerifiedError):
        hear(b"[]", signature)
    assert provider("FITBIT").refused_status == 404


@pytest.mark.parametrize(
    "owner", [None, "", True, [], {}, "a\x00", "\ud800", "a" * 256, 10**400, 1.5]
)
def test_a_signed_notice_about_nobody_is_not_understood(owner: Any) -> None:
    with pytest.raises(MalformedNoticeError):
        hear(json.dumps([entry(ownerId=owner)]).encode())


@pytest.mark.parametrize(("code", "passes"), [("told us", True), ("guessed", False), ("", False)])
def test_the_two_tests_of_the_address(code: str, passes: bool) -> None:
    knock = Knock("GET", {}, {"verify": code})
    fitbit_with_code = provider("FITBIT", notice_secret="told us")
    if passes:
        assert fitbit_with_code.hear(knock) == Reply(status=204)
        return
    with pytest.raises(NotVerifiedError):
        fitbit_with_code.hear(knock)
    with pytest.raises(NotVerifiedError):
        provider("FITBIT").hear(knock)
