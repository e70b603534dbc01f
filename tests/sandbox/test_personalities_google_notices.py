import json
import time
from typing import Any

import jwt
import pytest

from .company import NoticeServer, wait_until
from .google import (
    ACTIVITY,
    PURGED,
    REVOKED,
    SECRET,
    SLEEP,
    Google,
    events,
    guarded,
    in_project,
    webhooks,
)
from .process import Sandbox


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Google:
    notices.answer = guarded
    sandbox.control("PATCH", "dials", {"notices": "once"})
    return in_project(sandbox, notice_url=notices.url, notice_secret=SECRET)


def test_a_revocation_is_a_security_event(app: Google, notices: NoticeServer) -> None:
    tokens = app.connect()
    subject = app.claims(tokens["id_token"])["sub"]
    before = int(time.time())
    assert app.press_revoke() == 1
    wait_until(lambda: len(events(notices)) == 1)
    (told,) = events(notices)
    claims = app.claims(told.body)
    assert before <= claims.pop("iat") <= time.time()
    assert claims.pop("jti")
    issuer = "https://accounts.google.com/"
    assert claims == {
        "iss": issuer,
        "aud": app.client_id,
        "events": {
            REVOKED: {"subject": {"subject_type": "iss-sub", "iss": issuer, "sub": subject}}
        },
    }
    assert jwt.get_unverified_header(told.body)["typ"] == "secevent+jwt"
    assert "authorization" not in told.headers


def test_a_revocation_deletes_data(app: Google, notices: NoticeServer) -> None:
    health_user_id = app.identity(app.connect([SLEEP, ACTIVITY])).json()["healthUserId"]
    app.press_revoke()
    wait_until(lambda: len(webhooks(notices)) == 1)
    (told,) = webhooks(notices)
    assert app.signed(told)
    assert told.headers["authorization"] == SECRET
    entries = [entry["data"] for entry in json.loads(told.body)]
    assert {entry["dataType"] for entry in entries} == {"steps", "distance", "sleep"}
    for entry in entries:
        assert sorted(entry) == [
            "clientProvidedSubscriptionName", "dataType", "healthUserId", "intervals",
            "operation", "version",
        ]  # fmt: skip
        assert (entry["operation"], entry["healthUserId"]) == ("DELETE", health_user_id)
        assert sorted(entry["intervals"][0]["physicalTimeInterval"]) == ["endTime", "startTime"]


def test_every_app_of_the_project_is_told(app: Google, notices: NoticeServer) -> None:
    number = app.client_id.partition("-")[0]
    sibling = in_project(
        app.sandbox, number=number, account=app.account, notice_url=f"{notices.url}/sibling"
    )
    app.connect(), sibling.connect()
    assert app.press_revoke() == 2
    wait_until(lambda: len(events(notices)) == 2)
    to_us, to_sibling = sorted(events(notices), key=lambda one: one.path)
    assert app.claims(to_us.body)["aud"] == app.client_id
    assert sibling.claims(to_sibling.body)["aud"] == sibling.client_id
    with pytest.raises(jwt.InvalidAudienceError):
        app.claims(to_sibling.body)


def test_who_did_not_say_who_they_are_is_not_named(app: Google) -> None:
    app.connect(scope=f"{SLEEP} openid")
    app.press_revoke()
    (only,) = app.planned()
    assert json.loads(only)[0]["data"]["operation"] == "DELETE"


def test_an_app_without_a_subscriber_has_no_webhooks(app: Google) -> None:
    bare = in_project(app.sandbox, notice_url=app.notice_url)
    bare.connect()
    bare.press_revoke()
    (only,) = bare.planned()
    assert list(json.loads(only)["events"]) == [REVOKED]
    assert bare.verify() is False


def test_the_address_is_tested_with_the_secret_and_without(
    app: Google, notices: NoticeServer
) -> None:
    assert app.verify() is True
    right, wrong = notices.received
    assert [json.loads(one.body) for one in (right, wrong)] == [{"type": "verification"}] * 2
    assert {one.headers["user-agent"] for one in (right, wrong)} == {
        "Google-Health-API-Webhooks-Verifier"
    }
    assert right.headers["authorization"] == SECRET
    assert "authorization" not in wrong.headers
    assert app.verify() is True
    assert len(notices.received) == 2


@pytest.mark.parametrize("careless", [200, 401, 500])
def test_no_webhook_comes_before_the_test_is_passed(
    app: Google, notices: NoticeServer, careless: int
) -> None:
    notices.answer = lambda received: 202 if "secevent" in str(received.headers) else careless
    app.connect()
    assert app.verify() is False
    app.press_revoke()
    wait_until(lambda: len(events(notices)) == 1)
    wait_until(lambda: len(notices.received) >= 5)  # the test again, before the webhook
    assert webhooks(notices) == []
    notices.answer = guarded
    wait_until(lambda: len(webhooks(notices)) == 1)


def test_the_echo_of_a_revoke_is_a_dial(app: Google) -> None:
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 2
    app.dial(revoke_sends_notice=False)
    app.revoke(app.connect()["access_token"])
    assert len(app.planned()) == 2


def test_a_deleted_account_is_purged(app: Google, notices: NoticeServer) -> None:
    app.connect()
    asked = {"account": app.account, "personality": "google"}
    assert app.sandbox.control("POST", "delete_account", asked) == {"revoked": 1}
    wait_until(lambda: len(events(notices)) == 1)
    assert list(app.claims(events(notices)[0].body)["events"]) == [PURGED]


def test_new_data_is_an_upsert(app: Google, notices: NoticeServer) -> None:
    asked = {"account": app.account, "client_id": app.client_id}
    app.connect([SLEEP])
    assert app.sandbox.control("POST", "news", asked) == {"told": 1}
    wait_until(lambda: len(webhooks(notices)) == 1)
    (told,) = webhooks(notices)
    assert app.signed(told)
    (entry,) = json.loads(told.body)
    assert (entry["data"]["operation"], entry["data"]["dataType"]) == ("UPSERT", "sleep")
    app.press_revoke()
    assert app.sandbox.control("POST", "news", asked) == {"told": 0}


def test_the_same_event_comes_twice(app: Google, notices: NoticeServer) -> None:
    app.dial(notices="twice", late_notice_seconds=0.3)
    app.connect()
    app.press_revoke()
    wait_until(lambda: len(events(notices)) == 2)
    first, second = events(notices)
    assert first.body == second.body


def test_forged_webhooks(app: Google, notices: NoticeServer) -> None:
    other = in_project(app.sandbox, notice_secret="Bearer another")
    forged = {"client_id": app.client_id, "body": [{"data": {}}]}
    ways: list[dict[str, str]] = [{}, {"signature": "wrong"}, {"in_name_of": other.client_id}]
    notices.answer = lambda one: 401 if "authorization" not in one.headers else 200
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        wait_until(lambda: len(webhooks(notices)) == number + 1)  # noqa: B023 - called at once
    right, wrong, theirs = webhooks(notices)
    assert [app.signed(one) for one in (right, wrong, theirs)] == [True, False, True]
    assert theirs.headers["authorization"] == "Bearer another"


def test_forged_events(app: Google, notices: NoticeServer) -> None:
    other = in_project(app.sandbox)
    body = {"iss": "https://accounts.google.com", "iat": int(time.time()), "events": {"any": {}}}
    forged = {
        "client_id": app.client_id,
        "body": body,
        "content_type": "application/secevent+jwt",
    }
    ways: list[dict[str, Any]] = [
        {}, {"signature": "wrong"}, {"in_name_of": other.client_id}, {"body": "no token"},
    ]  # fmt: skip
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number + 1)
    right, wrong, theirs, garbage = (one.body for one in notices.received)
    assert app.claims(right)["events"] == {"any": {}}
    with pytest.raises(jwt.InvalidSignatureError):
        app.claims(wrong)
    with pytest.raises(jwt.InvalidAudienceError):
        app.claims(theirs)
    assert other.claims(theirs)["events"] == {"any": {}}
    assert garbage == b"no token"
