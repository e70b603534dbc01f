"""Withings: an envelope around every answer, a signed revoke, notices without proof."""

from datetime import timedelta
from typing import Any

import pytest

from connections.providers import withings
from connections.providers.answers import (
    Failure,
    Knock,
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
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
from tests.connections.providers.stand_in import CLIENT_SECRET, NOTICE_URL, Answer, StandIn

TOKEN = "POST wbsapi.withings.net/v2/oauth2"
NONCE = "POST wbsapi.withings.net/v2/signature"
NOTIFY = "POST wbsapi.withings.net/notify"
MINE = f"{NOTICE_URL}?authorisation_number=3"
TOKENS: dict[str, Any] = {
    "userid": 363,
    "access_token": "access-2",
    "refresh_token": "refresh-2",
    "expires_in": 10800,
    "scope": "user.info,user.metrics",
    "csrf_token": "csrf",
    "token_type": "Bearer",
}


def envelope(status: int = 0, error: str = "", **body: Any) -> dict[str, Any]:
    return {"status": status, "body": body} | ({"error": error} if error else {})


# Tokens


def test_a_person_is_asked_for_scopes_with_commas(maker: StandIn) -> None:
    asked = asked_of_person(provider("WITHINGS"), "user.metrics")
    assert asked["scope"] == "user.metrics,user.info"
    assert "code_challenge" not in asked


def test_a_code_is_exchanged_within_the_envelope(maker: StandIn) -> None:
    maker.set(TOKEN, envelope(**TOKENS))
    before = clock.now()
    answer = provider("WITHINGS").exchange("code-1", "")
    assert maker.calls[0].form == {
        "action": "requesttoken",
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": "http://testserver/connect/callback/withings/",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    assert (answer.provider_user_id, answer.access_token) == ("363", "access-2")
    assert answer.scopes == ["user.info", "user.metrics"]
    assert answer.access_expires_at is not None
    assert answer.access_expires_at - before >= timedelta(hours=3)
    assert answer.refresh_expires_at is not None
    assert answer.refresh_expires_at - before >= timedelta(days=365)


def test_a_refresh_asks_with_the_same_action(maker: StandIn) -> None:
    maker.set(TOKEN, envelope(**TOKENS))
    answer = provider("WITHINGS").refresh(HELD)
    assert (answer.access_token, answer.refresh_token) == ("access-2", "refresh-2")
    asked = maker.calls[0].form
    assert (asked["action"], asked["refresh_token"]) == ("requesttoken", "refresh-1")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (envelope(503, "Invalid Params: invalid refresh_token"), Failure.INVALID_GRANT),
        (envelope(503, "Invalid Params: invalid client id/secret"), Failure.INVALID_CLIENT),
        (envelope(503, "Invalid Params: invalid grant_type"), Failure.UNUSABLE),
        (envelope(503), Failure.UNUSABLE),
        (envelope(401, "invalid refresh_token"), Failure.INVALID_CLIENT),
        (envelope(100), Failure.INVALID_CLIENT),
        (envelope(2555), Failure.UNUSABLE),
        (envelope(601), Failure.UNAVAILABLE),
        ({"body": TOKENS}, Failure.UNUSABLE),
        ({"status": True, "body": TOKENS}, Failure.UNUSABLE),
        ({"status": "0", "body": TOKENS}, Failure.UNUSABLE),
        ({"status": 0, "body": []}, Failure.UNUSABLE),
        (TOKENS, Failure.UNUSABLE),
        (b"<html>", Failure.UNUSABLE),
        (Answer({"error": "invalid_client"}, 401), Failure.INVALID_CLIENT),
        (Answer({}, 503), Failure.UNAVAILABLE),
        (Answer(b"Gone", 410), Failure.RETIRED),
    ],
)
def test_what_a_refused_refresh_means(maker: StandIn, said: Any, expected: Failure) -> None:
    maker.set(TOKEN, said)
    assert refused_refresh(provider("WITHINGS"), HELD) == expected


def test_too_many_calls_are_left_alone_for_a_minute(maker: StandIn) -> None:
    maker.set(TOKEN, envelope(601))
    assert failure(provider("WITHINGS").refresh, HELD).retry_after == timedelta(minutes=1)


def test_an_answer_that_may_have_spent_the_token_says_so(maker: StandIn) -> None:
    maker.set(TOKEN, envelope(503), envelope(userid=363))
    assert failure(provider("WITHINGS").refresh, HELD).outcome_known
    assert not failure(provider("WITHINGS").refresh, HELD).outcome_known


# Probe and revoke


@pytest.mark.parametrize(
    ("status", "expected"),
    [(0, Probe.ALIVE), (401, Probe.DEAD), (200, Probe.DEAD)]
    + [(status, Probe.UNSURE) for status in (214, 277, 2553, 2555, 503, 524)],
)
def test_what_a_probe_shows(maker: StandIn, status: int, expected: Probe) -> None:
    maker.set(NOTIFY, envelope(status, profiles=[]))
    assert provider("WITHINGS").probe(HELD) == expected
    assert maker.calls[0].bearer == "access-1"


@pytest.mark.parametrize("said", [b"<html>", envelope(601), Answer({}, 500), {"status": None}])
def test_a_probe_that_shows_nothing(maker: StandIn, said: Any) -> None:
    maker.set(NOTIFY, said)
    failure(provider("WITHINGS").probe, HELD)


def test_a_revoke_is_signed_and_needs_no_token(maker: StandIn) -> None:
    maker.set(NONCE, envelope(nonce="nonce-1"))
    maker.set(TOKEN, envelope())
    provider("WITHINGS").revoke(HELD)
    asked_nonce, asked_revoke = maker.calls
    stamp = asked_nonce.form["timestamp"]
    assert abs(int(stamp) - clock.now().timestamp()) < 60
    assert asked_nonce.form["signature"] == withings.sign(
        CLIENT_SECRET, "getnonce", CLIENT_ID, stamp
    )
    assert asked_revoke.form == {
        "action": "revoke",
        "client_id": CLIENT_ID,
        "userid": "person-1",
        "nonce": "nonce-1",
        "signature": withings.sign(CLIENT_SECRET, "revoke", CLIENT_ID, "nonce-1"),
    }
    assert all("authorization" not in asked.headers for asked in maker.calls)
    assert all(CLIENT_SECRET.encode() not in asked.body for asked in maker.calls)


def test_a_revoke_that_is_refused_is_not_taken_for_done(maker: StandIn) -> None:
    maker.set(NONCE, envelope(nonce="nonce-1"), envelope(401), envelope())
    maker.set(TOKEN, envelope(503))
    revoke = provider("WITHINGS").revoke
    assert failure(revoke, HELD).failure == Failure.UNUSABLE
    assert failure(revoke, HELD).failure == Failure.INVALID_CLIENT
    assert failure(revoke, HELD).failure == Failure.UNUSABLE


# Notices


def orders(*urls: str, appli: int = 46) -> dict[str, Any]:
    return envelope(profiles=[{"appli": appli, "callbackurl": url} for url in urls])


def asked_of_notify(maker: StandIn) -> list[tuple[str, str]]:
    return [(one.form["action"], one.form.get("callbackurl", "")) for one in maker.calls]


def test_notices_are_ordered_to_an_address_that_names_the_consent(maker: StandIn) -> None:
    maker.set(NOTIFY, orders(), envelope())
    provider("WITHINGS").subscribe(HELD, 3)
    assert asked_of_notify(maker) == [("list", ""), ("subscribe", MINE)]
    assert all(one.form["appli"] == "46" and one.bearer == "access-1" for one in maker.calls)


def test_an_order_that_stands_is_left_and_an_earlier_one_taken_back(maker: StandIn) -> None:
    old, foreign = f"{NOTICE_URL}?authorisation_number=2", "https://elsewhere.example/?a=1"
    maker.set(NOTIFY, orders(old, MINE, foreign, NOTICE_URL), envelope())
    provider("WITHINGS").subscribe(HELD, 3)
    assert asked_of_notify(maker) == [("list", ""), ("revoke", old), ("revoke", NOTICE_URL)]


def test_an_earlier_order_is_kept_until_the_new_one_stands(maker: StandIn) -> None:
    maker.set(NOTIFY, orders(f"{NOTICE_URL}?authorisation_number=2"), envelope(293))
    assert failure(provider("WITHINGS").subscribe, HELD, 3).failure == Failure.UNUSABLE
    assert asked_of_notify(maker) == [("list", ""), ("subscribe", MINE)]


@pytest.mark.parametrize("profiles", [7, [7], [{"appli": 46}], {"a": 1}])
def test_orders_in_another_shape_are_an_error_of_theirs(maker: StandIn, profiles: Any) -> None:
    maker.set(NOTIFY, envelope(profiles=profiles))
    assert failure(provider("WITHINGS").subscribe, HELD, 3).failure == Failure.UNUSABLE


def heard(body: str, number: str = "3", method: str = "POST") -> Reply:
    query = {"authorisation_number": number} if number else {}
    return provider("WITHINGS").hear(Knock(method, {}, query, body.encode()))


@pytest.mark.parametrize("action", ["unlink", "delete"])
@pytest.mark.parametrize(
    ("number", "consent"), [("3", 3), ("", None), ("٣", None), ("9" * 10, None)]
)
def test_an_unlinked_account_is_a_reason_to_look(
    action: str, number: str, consent: int | None
) -> None:
    reply = heard(f"userid=363&appli=46&action={action}", number)
    told = NoticeMessage(NoticeKind.DOUBT, "363", authorisation_number=consent)
    assert (reply.status, list(reply.messages)) == (200, [told])


@pytest.mark.parametrize(
    "body",
    [
        "userid=363&appli=46&action=update",
        "userid=363&appli=46&action=",
        "userid=363&appli=46",
        "userid=363&appli=1&startdate=1530576000&enddate=1530698753",
        "userid=363&appli=1&action=unlink",
    ],
)
def test_other_notices_say_nothing_to_us(body: str) -> None:
    reply = heard(body)
    assert (reply.status, list(reply.messages)) == (200, [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_test_of_the_address_is_passed(method: str) -> None:
    assert method in provider("WITHINGS").hears
    assert heard("", method=method) == Reply(status=200)


@pytest.mark.parametrize(
    "body",
    ["garbage", '{"appli":46}', "appli=46&action=unlink", "userid=&appli=46&action=unlink"]
    + ["userid=%00&appli=46&action=unlink", "userid=%ff&appli=46&action=unlink"]
    + ["&".join(f"a{number}=1" for number in range(101)) + "&userid=1&appli=46&action=unlink"]
    + [f"userid={'9' * 256}&appli=46&action=unlink"],
)
def test_what_is_no_notice_is_not_understood(body: str) -> None:
    with pytest.raises(MalformedNoticeError):
        heard(body)
