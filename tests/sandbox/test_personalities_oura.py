import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from .company import REDIRECT, NoticeServer
from .process import Sandbox
from .stand_in import StandIn

AUTHORIZE = "https://cloud.ouraring.com/oauth/authorize"
API = "https://api.ouraring.com"
HOOKS = f"{API}/v2/webhook/subscription"
SCOPES = "email personal daily"


class Oura(StandIn):
    def authorize(self, **changes: str | None) -> str:
        no_pkce = {"code_challenge": None, "code_challenge_method": None}
        return self.authorize_url(AUTHORIZE, **{**no_pkce, "scope": SCOPES, **changes})

    def token(self, form: dict[str, str], **more: Any) -> requests.Response:
        return self.call("POST", f"{API}/oauth/token", data=form, **more)

    def exchange(self, code: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        return self.token({**form, **self.in_body})

    def connect(self, **more: Any) -> dict[str, Any]:
        answer = self.exchange(self.decide(self.authorize(), **more)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token({**form, **self.in_body})

    def info(self, tokens: dict[str, Any]) -> requests.Response:
        url = f"{API}/v2/usercollection/personal_info"
        return self.call("GET", url, tokens["access_token"])

    def revoke(self, tokens: dict[str, Any], method: str = "POST", **more: Any) -> Any:
        query = {"access_token": tokens["access_token"]}
        return self.call(method, f"{API}/oauth/revoke", params=query, **more)

    def hook(self, method: str, url: str = HOOKS, **more: Any) -> requests.Response:
        proof = {"x-client-id": self.client_id, "x-client-secret": self.secret}
        return self.call(method, url, **{"headers": proof, **more})

    def order(self, **changes: str) -> dict[str, str]:
        return {
            "callback_url": self.notice_url,
            "verification_token": "word",
            "event_type": "delete",
            "data_type": "workout",
            **changes,
        }


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Oura:
    def tested(asked: dict[str, str]) -> tuple[int, str]:
        known = asked.get("verification_token") == "word"
        return (200 if known else 401), json.dumps({"challenge": asked.get("challenge")})

    notices.tested = tested
    return Oura(sandbox, "oura", notices.url)


def error(answer: requests.Response) -> tuple[int, str]:
    """A problem of RFC 7807, with OAuth's field where it is one of OAuth's."""
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    return answer.status_code, problem.get("error", "")


def test_the_token_answer(app: Oura) -> None:
    tokens = app.connect()
    assert sorted(tokens) == ["access_token", "expires_in", "refresh_token", "token_type"]
    assert (tokens["expires_in"], tokens["token_type"]) == (86_400, "bearer")


def test_the_id_is_told_to_any_token_and_the_rest_by_scope(app: Oura) -> None:
    fields = ["age", "biological_sex", "email", "height", "id", "weight"]
    everything = app.info(app.connect()).json()
    assert sorted(everything) == fields
    assert None not in everything.values()
    assert str(uuid.UUID(everything["id"])) == everything["id"] == app.account_id
    narrow = app.info(app.connect(scopes=["daily"])).json()
    assert sorted(narrow) == fields
    assert [name for name, value in narrow.items() if value is not None] == ["id"]


def test_the_client_is_known_by_basic_or_body(app: Oura) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": app.connect()["refresh_token"]}
    wrong = app.token({**form, "client_id": app.client_id, "client_secret": "no"})
    assert error(wrong) == (401, "invalid_client")
    assert app.token(form, auth=app.basic).status_code == 200


def test_what_was_ticked_comes_back_beside_the_code(app: Oura) -> None:
    told = app.decide(app.authorize(), scopes=["daily", "email"])
    assert told["scope"] == "email daily"
    assert "error" not in told
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"
    everything = app.decide(app.authorize(scope=None))["scope"].split()
    assert {"personal", "heartrate", "spo2"} < set(everything)
    app.dial(send_scope=True)
    assert app.connect(scopes=["email"])["scope"] == "email"


def test_a_redirect_uri_may_be_left_out_where_there_is_one(app: Oura) -> None:
    assert "code" in app.decide(app.authorize(redirect_uri=None))


def test_a_refresh_token_works_once(app: Oura) -> None:
    first = app.connect()
    second = app.refresh(first).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert error(app.refresh(first)) == (400, "invalid_grant")


def test_a_refused_token(app: Oura) -> None:
    assert error(app.info({"access_token": "x"})) == (401, "invalid_token")
    app.dial(me_answer="403")
    assert app.info({"access_token": "x"}).status_code == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_revoke_names_the_token_in_the_address(app: Oura, method: str) -> None:
    tokens = app.connect()
    assert app.revoke(tokens, method).status_code == 200
    assert error(app.info(tokens)) == (401, "invalid_token")
    assert error(app.refresh(tokens)) == (400, "invalid_grant")
    assert error(app.revoke(tokens, method)) == (401, "invalid_token")
    assert app.planned() == []


def test_a_revoke_by_another_client_is_refused(app: Oura) -> None:
    tokens, other = app.connect(), Oura(app.sandbox, "oura")
    assert error(app.revoke(tokens, auth=other.basic)) == (401, "invalid_client")
    assert app.info(tokens).status_code == 200
    assert app.revoke(tokens, auth=app.basic).status_code == 200


def test_nobody_is_told_of_a_revocation(app: Oura) -> None:
    tokens = app.connect()
    assert app.hook("POST", json=app.order()).status_code == 201
    assert app.press_revoke() == 1
    assert error(app.info(tokens)) == (401, "invalid_token")
    assert app.planned() == []


def test_a_webhook_is_ordered_once_its_address_has_sent_the_challenge_back(
    app: Oura, notices: NoticeServer
) -> None:
    made = app.hook("POST", json=app.order())
    shown = made.json()
    assert made.status_code == 201
    assert sorted(shown) == ["callback_url", "data_type", "event_type", "expiration_time", "id"]
    assert (shown["callback_url"], shown["event_type"]) == (app.notice_url, "delete")
    assert notices.tests[0]["verification_token"] == "word"
    assert notices.tests[0]["challenge"]
    ends = datetime.fromisoformat(shown["expiration_time"])
    assert ends > datetime.now(UTC) + timedelta(days=1)
    assert app.hook("GET").json() == [shown]
    one = f"{HOOKS}/{shown['id']}"
    assert app.hook("GET", one).json() == shown
    changed = app.hook("PUT", one, json=app.order(event_type="update")).json()
    assert changed == {**shown, "event_type": "update"}
    renewed = app.hook("PUT", f"{HOOKS}/renew/{shown['id']}").json()
    assert renewed["expiration_time"] >= shown["expiration_time"]
    assert app.hook("DELETE", one).status_code == 204
    assert error(app.hook("DELETE", one))[0] == 403
    assert app.hook("GET").json() == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"event_type": "revoke"}, 422),
        ({"data_type": "dreams"}, 422),
        ({"callback_url": "ftp://x/"}, 422),
        ({"callback_url": "http://[::1"}, 422),
        ({"callback_url": "http://\x00.example/"}, 400),
        ({"verification_token": "\ud800"}, 422),
        ({"verification_token": ""}, 422),
        ({"verification_token": "another"}, 400),
    ],
)
def test_an_unfit_order(app: Oura, changes: dict[str, str], status: int) -> None:
    assert app.hook("POST", json=app.order(**changes)).status_code == status
    assert app.hook("GET").json() == []


@pytest.mark.parametrize("said", ['{"challenge": "another"}', "[]", "no json"])
def test_an_address_that_does_not_repeat_the_challenge(
    app: Oura, notices: NoticeServer, said: str
) -> None:
    notices.tested = lambda asked: (200, said)
    assert error(app.hook("POST", json=app.order())) == (400, "invalid_request")
    assert app.hook("GET").json() == []


def test_webhooks_are_the_business_of_their_client(app: Oura) -> None:
    made = app.hook("POST", json=app.order()).json()
    other = Oura(app.sandbox, "oura")
    assert error(other.hook("GET", f"{HOOKS}/{made['id']}"))[0] == 403
    wrong = {"x-client-id": app.client_id, "x-client-secret": "wrong"}
    assert error(app.hook("GET", headers=wrong)) == (401, "invalid_client")
    assert error(app.hook("POST", headers={}, json=app.order())) == (401, "invalid_client")
    assert app.hook("POST", data=b"\xff\x00").status_code == 422
    app.dial(subscribe_answer="500")
    assert app.hook("GET").status_code == 500


def test_rate_limit_headers(app: Oura) -> None:
    headers = app.info(app.connect()).headers
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Window"]) == ("5000", "300")
    app.dial(me_answer="429")
    assert app.info({"access_token": "x"}).headers["Retry-After"] == "1"


def signature(body: bytes, stamp: str, secret: str) -> str:
    return hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).hexdigest().upper()


def test_forged_webhooks_carry_its_signature(app: Oura, notices: NoticeServer) -> None:
    other = Oura(app.sandbox, "oura")
    forged = {"client_id": app.client_id, "body": {"event_type": "update", "user_id": "u1"}}
    ways: list[dict[str, str]] = [{}, {"signature": "wrong"}, {"in_name_of": other.client_id}]
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number + 1)
    for notice, secret in zip(notices.received, [app.secret, "wrong", other.secret], strict=True):
        stamp = notice.headers["x-oura-timestamp"]
        assert notice.headers["x-oura-signature"] == signature(notice.body, stamp, secret)


def test_the_published_vector_of_the_signature() -> None:
    body = {
        "event_type": "update",
        "data_type": "sleep",
        "object_id": "o1",
        "event_time": "2026-11-23T09:00:00+00:00",
        "user_id": "u1",
    }
    told = json.dumps(body, separators=(",", ":")).encode()
    expected = "6CF79441F7B3FE3735EE43CC62746F5AA7803B54613B4ED6C6B23953400F0F4A"
    assert signature(told, "1700000000", "s3cr3t") == expected
