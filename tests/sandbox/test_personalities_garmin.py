import json
import re
import time
from typing import Any

import pytest
import requests

from .company import REDIRECT, VERIFIER, Company, NoticeServer
from .process import Sandbox
from .stand_in import StandIn
from .test_pages import signed_in

AUTHORIZE = "https://connect.garmin.com/oauth2Confirm"
TOKEN = "https://diauth.garmin.com/di-oauth2-service/oauth/token"
USER = "https://apis.garmin.com/wellness-api/rest/user"
PERMISSIONS = [
    "ACTIVITY_EXPORT", "HEALTH_EXPORT", "WORKOUT_IMPORT", "COURSE_IMPORT", "MCT_EXPORT",
    "HISTORICAL_DATA_EXPORT",
]  # fmt: skip
DEAD = (401, "Token is not active")


class Garmin(StandIn):
    def authorize(self, **changes: str | None) -> str:
        return self.authorize_url(AUTHORIZE, **changes)

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.call("POST", TOKEN, data={**form, **self.in_body})

    def exchange(self, code: str, **changes: str | None) -> requests.Response:
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
        kept = {name: value for name, value in form.items() if value is not None}
        return self.token({"grant_type": "authorization_code", **kept})

    def connect(self, **more: Any) -> dict[str, Any]:
        answer = self.exchange(self.decide(self.authorize(), **more)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form)

    def get(self, what: str, tokens: dict[str, Any]) -> requests.Response:
        return self.call("GET", f"{USER}/{what}", tokens["access_token"])

    def deregister(self, tokens: dict[str, Any]) -> requests.Response:
        return self.call("DELETE", f"{USER}/registration", tokens["access_token"])

    def change(self, scopes: list[str]) -> int:
        asked = {"account": self.account, "client_id": self.client_id, "scopes": scopes}
        return int(self.sandbox.control("POST", "permissions", asked)["changed"])


@pytest.fixture
def app(sandbox: Sandbox, notices: NoticeServer) -> Garmin:
    notices.heard_status = 200
    sandbox.control("PATCH", "dials", {"notices": "once"})
    return Garmin(sandbox, "garmin", notices.url)


def error(answer: requests.Response) -> tuple[int, str]:
    body = answer.json()
    return answer.status_code, body.get("message") or body["error"]


def test_the_token_answer(app: Garmin) -> None:
    tokens = app.connect()
    assert sorted(tokens) == [
        "access_token", "expires_in", "jti", "refresh_token", "refresh_token_expires_in", "scope",
        "token_type",
    ]  # fmt: skip
    assert (tokens["expires_in"], tokens["refresh_token_expires_in"]) == (86_400, 7_775_998)
    assert "ACTIVITY_EXPORT" not in tokens["scope"]
    user_id = app.get("id", tokens).json()
    assert sorted(user_id) == ["userId"]
    assert re.fullmatch("[0-9a-f]{32}", user_id["userId"])
    other = Garmin(app.sandbox, "garmin", account=app.account)
    assert other.get("id", other.connect()).json() == user_id


def test_the_client_is_known_by_the_body_alone(app: Garmin) -> None:
    code = app.decide(app.authorize())["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    assert error(app.call("POST", TOKEN, data=form, auth=app.basic)) == (401, "invalid_client")
    wrong = {**form, "client_id": app.client_id, "client_secret": "wrong"}
    assert error(app.call("POST", TOKEN, data=wrong)) == (401, "invalid_client")
    assert app.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
    ],
)
def test_pkce_is_required(app: Garmin, changes: dict[str, str | None]) -> None:
    assert app.decide(app.authorize(**changes))["error"] == "invalid_request"
    code = app.decide(app.authorize())["code"]
    assert app.exchange(code, code_verifier=None).status_code == 400
    assert app.exchange(code).status_code == 200


def test_the_redirect_uri_may_be_left_out_but_must_match(app: Garmin) -> None:
    code = app.decide(app.authorize())["code"]
    wrong = app.exchange(code, redirect_uri="http://127.0.0.1:9/other")
    assert wrong.status_code == 400
    assert app.exchange(code, redirect_uri=None).status_code == 200
    assert sorted(app.decide(app.authorize(redirect_uri=None))) == ["code", "state"]


def test_permissions_are_ticked_and_no_scope_is_asked_for(app: Garmin) -> None:
    everything = app.exchange(app.decide(app.authorize(scope="anything"))["code"]).json()
    assert app.get("permissions", everything).json() == PERMISSIONS
    some = app.connect(scopes=["HEALTH_EXPORT"])
    assert app.get("permissions", some).json() == ["HEALTH_EXPORT"]
    assert app.decide(app.authorize(), "deny")["error"] == "access_denied"


def test_each_refresh_gives_a_new_refresh_token(app: Garmin) -> None:
    first = app.connect()
    second = app.refresh(first).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["refresh_token_expires_in"] == 7_775_998
    again = app.refresh(first)
    assert error(again) == (400, "invalid_grant")
    assert again.json()["error_description"].startswith("Invalid refresh token: ")


def test_a_refresh_token_runs_out(app: Garmin) -> None:
    app.dial(refresh_token_seconds=1)
    tokens = app.connect()
    assert tokens["refresh_token_expires_in"] == 1
    time.sleep(1.1)
    assert error(app.refresh(tokens)) == (400, "invalid_grant")
    assert app.get("id", tokens).status_code == 200


def test_a_dead_token(app: Garmin) -> None:
    for what in ("id", "permissions"):
        assert error(app.get(what, {"access_token": "x"})) == DEAD
    assert error(app.deregister({"access_token": "x"})) == DEAD
    app.dial(me_answer="invalid_token", token_answer="invalid_client")
    tokens = {"access_token": "x", "refresh_token": "x"}
    assert error(app.get("id", tokens)) == DEAD
    assert error(app.refresh(tokens)) == (401, "invalid_client")


def test_a_deregistration_ends_the_registration_with_the_client_and_is_echoed(
    app: Garmin, notices: NoticeServer
) -> None:
    app.dial(second_consent_kills=False)
    first, second = app.connect(), app.connect()
    other = Garmin(app.sandbox, "garmin", account=app.account)
    theirs = other.connect()
    user_id = app.get("id", first).json()["userId"]
    gone = app.deregister(second)
    assert (gone.status_code, gone.content) == (204, b"")
    assert error(app.get("id", first)) == error(app.get("id", second)) == DEAD
    assert other.get("id", theirs).status_code == 200
    notices.wait_for(1)
    assert json.loads(notices.received[0].body) == {"deregistrations": [{"userId": user_id}]}
    assert notices.received[0].headers["garmin-client-id"] == app.client_id
    assert len(app.planned()) == 1


def test_the_person_revokes(app: Garmin, notices: NoticeServer) -> None:
    user_id = app.get("id", app.connect()).json()["userId"]
    assert app.press_revoke() == 1
    notices.wait_for(1)
    assert json.loads(notices.received[0].body) == {"deregistrations": [{"userId": user_id}]}


def test_permissions_change(app: Garmin, notices: NoticeServer) -> None:
    tokens, before = app.connect(), int(time.time())
    assert app.change(["ACTIVITY_EXPORT"]) == 1
    assert app.get("permissions", tokens).json() == ["ACTIVITY_EXPORT"]
    notices.wait_for(1)
    told = json.loads(notices.received[0].body)
    assert sorted(told) == ["userPermissionsChange"]
    change = told["userPermissionsChange"][0]
    assert sorted(change) == ["changeTimeInSeconds", "permissions", "summaryId", "userId"]
    assert change["permissions"] == ["ACTIVITY_EXPORT"]
    assert change["userId"] == app.get("id", tokens).json()["userId"]
    assert before <= change["changeTimeInSeconds"] <= time.time()
    assert app.change([]) == 1
    assert app.get("permissions", tokens).json() == []
    assert app.get("permissions", app.refresh(tokens).json()).json() == []
    with pytest.raises(requests.HTTPError, match="400"):
        app.change(["DREAMS"])


def test_permissions_change_on_the_page_of_connected_apps(app: Garmin) -> None:
    tokens, account = app.connect(), Company(app.sandbox, account=app.account)
    browser = signed_in(account)
    page = browser.get(f"{app.sandbox.url}/settings/apps/", timeout=20)
    assert (page.text.count(" checked"), "Garmin, simulated" in page.text) == (6, True)
    action = re.findall('action="(/settings/apps/[0-9]+/permissions/)"', page.text)[0]
    browser.post_form(page, f"{app.sandbox.url}{action}", scope="MCT_EXPORT")
    assert app.get("permissions", tokens).json() == ["MCT_EXPORT"]
    assert len(app.planned()) == 1
    browser.post_form(page, f"{app.sandbox.url}{action}", scope="DREAMS")
    assert app.get("permissions", tokens).json() == ["MCT_EXPORT"]


def test_a_notice_is_heard_with_200(app: Garmin, notices: NoticeServer) -> None:
    notices.heard_status = 204
    app.connect()
    app.press_revoke()
    notices.wait_for(2)
    notices.heard_status = 200


def test_forged_notices(app: Garmin, notices: NoticeServer) -> None:
    other = Garmin(app.sandbox, "garmin")
    forged = {"client_id": app.client_id, "body": {"deregistrations": [{"userId": "x"}]}}
    ways: list[dict[str, str]] = [{}, {"signature": "wrong"}, {"in_name_of": other.client_id}]
    for number, way in enumerate(ways):
        app.sandbox.control("POST", "notices/forge", {**forged, **way})
        notices.wait_for(number + 1)
    right, wrong, theirs = [one.headers["garmin-client-id"] for one in notices.received]
    assert (right, theirs) == (app.client_id, other.client_id)
    assert wrong not in (right, theirs)
