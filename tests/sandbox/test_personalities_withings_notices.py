import pytest

from .company import NoticeServer, query, wait_until
from .process import Sandbox
from .withings import (
    Withings,
    body,
    error,
)


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Withings:
    notices.heard_status, notices.tested = 200, lambda asked: (200, "")
    sandbox.control("PATCH", "dials", {"notices": "once"})
    return Withings(sandbox, "withings", notices.url)


def test_subscriptions(app: Withings) -> None:
    tokens = app.connect()
    assert body(app.notify(tokens, "list")) == {"profiles": []}
    for _ in range(2):
        assert body(app.subscribe(tokens, comment="ours")) == {}
    assert body(app.subscribe(tokens, appli="1")) == {}
    mine = {"appli": 46, "callbackurl": app.notice_url, "comment": "ours"}
    assert body(app.notify(tokens, "list")) == {"profiles": [mine]}
    everything = body(app.notify(tokens, "list", appli=""))["profiles"]
    assert [one["appli"] for one in everything] == [46, 1]
    assert body(app.notify(tokens, "revoke", callbackurl=app.notice_url)) == {}
    again = app.notify(tokens, "revoke", callbackurl=app.notice_url)
    assert error(again) == (294, "No such subscription was found")
    narrow = app.connect(scopes=["user.metrics"])
    assert error(app.subscribe(narrow))[0] == 403
    assert error(app.subscribe(narrow, appli="17")) == (503, "Invalid Params: invalid appli")


def test_an_address_is_looked_at_before(app: Withings, notices: NoticeServer) -> None:
    tokens = app.connect()
    unfit = (293, "The callback URL is either absent or incorrect")
    assert body(app.subscribe(tokens, callbackurl=f"{app.notice_url}?number=7")) == {}
    assert notices.tests == [{"number": "7"}]
    for url in ("", "nowhere", "http://[", "http://127.0.0.1:9/", f"{app.notice_url}?{'x' * 255}"):
        assert error(app.subscribe(tokens, callbackurl=url)) == unfit
    assert len(notices.tests) == 1
    notices.tested = lambda asked: (204, "")
    assert error(app.subscribe(tokens)) == unfit


def test_the_subscribed_are_told_that_they_were_unlinked(
    app: Withings, notices: NoticeServer
) -> None:
    tokens = app.connect()
    app.subscribe(tokens, callbackurl=f"{app.notice_url}?number=7")
    app.subscribe(tokens, callbackurl=f"{app.notice_url}?number=8")
    app.subscribe(tokens, appli="1")
    assert app.press_revoke() == 1
    notices.wait_for(2)
    assert {query(notice.path)["number"] for notice in notices.received} == {"7", "8"}
    for notice in notices.received:
        assert notice.headers["content-type"] == "application/x-www-form-urlencoded"
        told = query(f"?{notice.body.decode()}")
        assert told == {"userid": tokens["userid"], "appli": "46", "action": "unlink"}
    assert body(app.notify(app.connect(), "list", appli="")) == {"profiles": []}


def test_the_unsubscribed_are_not_told(app: Withings) -> None:
    app.connect()
    assert app.press_revoke() == 1
    assert app.planned() == []


def test_a_deleted_account_is_told(app: Withings) -> None:
    tokens = app.connect()
    app.subscribe(tokens)
    asked = {"account": app.account, "personality": "withings"}
    assert app.sandbox.control("POST", "delete_account", asked) == {"revoked": 1}
    assert app.planned() == [f"userid={tokens['userid']}&appli=46&action=delete"]


def test_news_are_told_to_each_subscription(app: Withings) -> None:
    tokens = app.connect()
    app.subscribe(tokens)
    app.subscribe(tokens, appli="16")
    asked = {"account": app.account, "client_id": app.client_id}
    assert app.sandbox.control("POST", "news", asked) == {"told": 2}
    profile, data = app.planned()
    assert profile == f"userid={tokens['userid']}&appli=46&action=update"
    assert sorted(query(f"?{data}")) == ["appli", "enddate", "startdate", "userid"]


def test_the_echo_of_a_revoke_is_a_dial(app: Withings) -> None:
    tokens = app.connect()
    app.subscribe(tokens)
    app.revoke(tokens["userid"])
    assert len(app.planned()) == 1
    app.dial(revoke_sends_notice=False)
    app.subscribe(app.connect())
    app.revoke(tokens["userid"])
    assert len(app.planned()) == 1
    assert body(app.notify(app.connect(), "list")) == {"profiles": []}


def test_an_answer_from_400_on_makes_it_come_again(app: Withings, notices: NoticeServer) -> None:
    statuses = iter([500, 404, 302])
    notices.answer = lambda received: next(statuses)
    app.subscribe(app.connect())
    app.press_revoke()
    notices.wait_for(3)
    wait_until(lambda: app.sendings() == [(3, True)])


def test_anybody_can_send_such_a_notice(app: Withings, notices: NoticeServer) -> None:
    forged = {
        "client_id": app.client_id,
        "body": "userid=1&appli=46&action=unlink",
        "content_type": "application/x-www-form-urlencoded",
        "url": f"{app.notice_url}?number=9",
        "signature": "wrong",
    }
    app.sandbox.control("POST", "notices/forge", forged)
    notice = notices.wait_for(1)
    assert (notice.path, notice.body) == ("/notices?number=9", b"userid=1&appli=46&action=unlink")


def test_calls_are_logged_by_kind(app: Withings) -> None:
    since = max([call["number"] for call in app.sandbox.control("GET", "log")], default=0)
    tokens = app.connect()
    app.subscribe(tokens)
    app.notify(tokens, "list")
    app.revoke(tokens["userid"])
    calls = app.sandbox.control("GET", f"log?since={since}")
    mine = [call for call in calls if call["client_id"] == app.client_id]
    assert [(call["kind"], call["account"]) for call in mine] == [
        ("token", app.account), ("subscribe", app.account), ("me", app.account), ("nonce", ""),
        ("revoke", app.account),
    ]  # fmt: skip
    assert {call["personality"] for call in mine} == {"withings"}
