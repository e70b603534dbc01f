"""Polar: a registration besides the consent, a token without an end, a secret told once."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from connections.providers import polar
from connections.providers.answers import (
    Failure,
    Held,
    Knock,
    MalformedNoticeError,
    NotVerifiedError,
    Probe,
    Reply,
    Subscription,
)
from tests.connections.providers.asking import CLIENT_ID, asked_of_person, failure, provider
from tests.connections.providers.stand_in import CLIENT_SECRET, NOTICE_URL, Answer, StandIn

API = "www.polaraccesslink.com/v3"
TOKEN, REGISTER = "POST polarremote.com/v2/oauth2/token", f"POST {API}/users"
PERSON, WEBHOOKS = f"{API}/users/475", f"{API}/webhooks"
TOKENS = {"access_token": "access-1", "token_type": "bearer", "expires_in": 631138518}
HELD = Held("access-1", "", "475")
BASIC = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
TOLD = {"id": "abdf33", "events": ["EXERCISE"], "url": NOTICE_URL}


def exchange() -> Any:
    return provider("POLAR").exchange("code-1", "")


# Tokens and registration


def test_a_person_is_asked_without_pkce(maker: StandIn) -> None:
    asked = asked_of_person(provider("POLAR"))
    assert asked["scope"] == "accesslink.read_all"
    assert "code_challenge" not in asked


def test_a_code_is_exchanged_and_the_person_registered(maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS | {"x_user_id": 475})
    maker.set(REGISTER, {"polar-user-id": 475})
    answer = exchange()
    assert (answer.provider_user_id, answer.refresh_token, answer.scopes) == ("475", "", None)
    assert maker.asked() == [TOKEN, REGISTER]
    token, register = maker.calls
    assert token.headers["authorization"] == BASIC
    assert "client_secret" not in token.form
    assert register.bearer == "access-1"
    assert register.headers["accept"] == "application/json"
    assert json.loads(register.body) == {"member-id": polar.member_id("475")}


def test_a_member_is_named_the_same_at_every_consent_and_by_nobody_s_own_id() -> None:
    digest = hashlib.sha256(b"475").hexdigest()
    assert polar.member_id("475") == f"terra-portal-{digest[:32]}" != polar.member_id("476")


def test_who_is_registered_already_is_welcome(maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS | {"x_user_id": 475})
    maker.set(REGISTER, b"", status=409)
    assert exchange().provider_user_id == "475"


def test_a_registration_that_stumbles_is_tried_again(maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS | {"x_user_id": 475})
    maker.set(REGISTER, Answer(b"", 500), Answer(b"", 429), Answer({}, 200))
    assert exchange().provider_user_id == "475"
    assert maker.asked() == [TOKEN, REGISTER, REGISTER, REGISTER]


@pytest.mark.parametrize(("status", "expected"), [(403, Failure.UNUSABLE), (401, Failure.UNUSABLE)])
def test_a_missing_consent_of_polar_s_own_makes_no_grant(
    maker: StandIn, status: int, expected: Failure
) -> None:
    maker.set(TOKEN, TOKENS | {"x_user_id": 475})
    maker.set(REGISTER, b"", status=status)
    assert failure(exchange).failure == expected
    assert maker.asked() == [TOKEN, REGISTER]


@pytest.mark.parametrize("named", [{}, {"x_user_id": None}, {"x_user_id": ""}])
def test_nobody_is_registered_where_nobody_is_named(maker: StandIn, named: Any) -> None:
    maker.set(TOKEN, TOKENS | named)
    assert failure(exchange).failure == Failure.UNUSABLE
    assert maker.asked() == [TOKEN]


# Probe and revoke


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({"polar-user-id": 475}), Probe.ALIVE),
        (Answer({}, 401), Probe.DEAD),
        (Answer(b"", 401), Probe.DEAD),
        (Answer({}, 403), Probe.UNSURE),
        (Answer(b"", 204), Probe.UNSURE),
        (Answer({}, 404), Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(maker: StandIn, answer: Answer, expected: Probe) -> None:
    maker.set(f"GET {PERSON}", answer)
    assert provider("POLAR").probe(HELD) == expected
    assert maker.calls[0].bearer == "access-1"


@pytest.mark.parametrize("answer", [Answer(b"<html>", 401), Answer(b"{", 401), Answer({}, 500)])
def test_a_probe_that_shows_nothing(maker: StandIn, answer: Answer) -> None:
    maker.set(f"GET {PERSON}", answer)
    failure(provider("POLAR").probe, HELD)


def test_an_id_stays_one_part_of_the_address(maker: StandIn) -> None:
    maker.set(f"GET {API}/users/..%2Fwebhooks", {})
    assert provider("POLAR").probe(Held("access-1", "", "../webhooks")) == Probe.ALIVE


@pytest.mark.parametrize("status", [204, 401])
def test_a_revoke_takes_back_the_registration(maker: StandIn, status: int) -> None:
    maker.set(f"DELETE {PERSON}", b"", status=status)
    provider("POLAR").revoke(HELD)
    assert maker.calls[0].bearer == "access-1"


def test_a_revoke_that_is_refused_is_not_taken_for_done(maker: StandIn) -> None:
    maker.set(f"DELETE {PERSON}", b"", status=403)
    assert failure(provider("POLAR").revoke, HELD).failure == Failure.UNUSABLE


# The webhook of the application


def subscribe(**more: Any) -> Subscription | None:
    return provider("POLAR", **more).subscribe_application()


@pytest.mark.parametrize("none", [Answer({"data": []}), Answer({"data": None}), Answer(b"", 204)])
def test_a_webhook_is_made_where_there_is_none(maker: StandIn, none: Answer) -> None:
    maker.set(f"GET {WEBHOOKS}", none)
    made = {"data": TOLD | {"signature_secret_key": "told once"}}
    maker.set(f"POST {WEBHOOKS}", made, status=201)
    assert subscribe() == Subscription("abdf33", "told once")
    assert maker.asked() == [f"GET {WEBHOOKS}", f"POST {WEBHOOKS}"]
    assert all(asked.headers["authorization"] == BASIC for asked in maker.calls)
    order = json.loads(maker.calls[1].body)
    assert (order["url"], "EXERCISE" in order["events"]) == (NOTICE_URL, True)


def test_ours_is_found_again(maker: StandIn) -> None:
    maker.set(f"GET {WEBHOOKS}", {"data": [TOLD]})
    assert subscribe(notice_secret="kept") == Subscription("abdf33", "kept")
    assert maker.asked() == [f"GET {WEBHOOKS}"]


def test_ours_is_made_anew_where_its_secret_was_lost(maker: StandIn) -> None:
    maker.set(f"GET {WEBHOOKS}", {"data": [TOLD]})
    maker.set(f"DELETE {WEBHOOKS}/abdf33", b"", status=204)
    maker.set(f"POST {WEBHOOKS}", {"data": {"id": "new", "signature_secret_key": "new secret"}})
    assert subscribe() == Subscription("new", "new secret")


def test_one_that_leads_elsewhere_is_left_alone(maker: StandIn) -> None:
    maker.set(f"GET {WEBHOOKS}", {"data": [TOLD | {"url": "https://elsewhere.example/"}]})
    assert subscribe() is None
    assert maker.asked() == [f"GET {WEBHOOKS}"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer({}, 401), Failure.INVALID_CLIENT),
        (Answer({}, 403), Failure.UNUSABLE),
        (Answer({}, 500), Failure.UNAVAILABLE),
        (Answer({}), Failure.UNUSABLE),
        (Answer({"data": 7}), Failure.UNUSABLE),
        (Answer({"data": [{"id": "a"}]}), Failure.UNUSABLE),
        (Answer({"data": [{"id": [], "url": "u"}]}), Failure.UNUSABLE),
    ],
)
def test_what_a_refused_look_means(maker: StandIn, answer: Answer, expected: Failure) -> None:
    maker.set(f"GET {WEBHOOKS}", answer)
    assert failure(subscribe).failure == expected


@pytest.mark.parametrize("made", [{}, {"data": []}, {"data": TOLD}, {"data": {"id": ""}}])
def test_a_webhook_without_a_secret_is_an_error(maker: StandIn, made: Any) -> None:
    maker.set(f"GET {WEBHOOKS}", {"data": []})
    maker.set(f"POST {WEBHOOKS}", made)
    assert failure(subscribe).failure == Failure.UNUSABLE


# Notices

EVENT = b'{"event":"EXERCISE","user_id":475,"entity_id":"a","timestamp":"2026-11-23T09:00:00Z"}'


def hear(body: bytes, signature: str = "", secret: str = "told once") -> Reply:
    knock = Knock("POST", {"Polar-Webhook-Signature": signature}, {}, body)
    return provider("POLAR", notice_secret=secret).hear(knock)


@pytest.mark.parametrize("secret", ["", "told once"])
def test_a_ping_is_answered_before_there_is_a_secret(secret: str) -> None:
    ping = b'{"event":"PING","timestamp":"2026-11-23T09:00:00Z"}'
    assert hear(ping, secret=secret) == Reply(status=200)


def test_a_signed_event_is_taken_and_says_nothing_to_us() -> None:
    assert hear(EVENT, polar.signature("told once", EVENT)) == Reply([], status=200)


@pytest.mark.parametrize("signature", ["", "0" * 64, polar.signature(CLIENT_SECRET, EVENT)])
def test_an_event_that_is_not_signed_is_refused(signature: str) -> None:
    with pytest.raises(NotVerifiedError):
        hear(EVENT, signature)


def test_nothing_is_verified_without_a_secret() -> None:
    """Anybody can sign with an empty key."""
    empty = hmac.new(b"", EVENT, "sha256").hexdigest()
    with pytest.raises(NotVerifiedError):
        hear(EVENT, empty, secret="")


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 10_000])
def test_garbage_that_is_signed_is_not_understood(body: bytes) -> None:
    with pytest.raises(MalformedNoticeError):
        hear(body, polar.signature("told once", body))
