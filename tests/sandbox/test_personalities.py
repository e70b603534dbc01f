"""What holds for every personality, and how one is chosen."""

from typing import Any

import pytest
import requests

from .company import REDIRECT, Company, query
from .process import Sandbox
from .stand_in import StandIn
from .test_pages import Browser, signed_in

FITBIT = "https://www.fitbit.com/oauth2/authorize"
TOKEN = "https://api.fitbit.com/oauth2/token"


def test_an_unknown_personality_is_refused_with_a_sentence(sandbox: Sandbox) -> None:
    asked = {"client_id": "x", "client_secret": "y", "redirect_uris": [REDIRECT]}
    answer = requests.put(
        f"{sandbox.url}/control/clients",
        json={**asked, "personality": "casio"},
        headers={"X-Sandbox-Control": sandbox.control_key},
        timeout=20,
    )
    assert answer.status_code == 400
    assert "There is no personality 'casio'; known are sandbox, " in answer.json()["error"]


def test_a_client_stays_with_its_company(sandbox: Sandbox) -> None:
    app = StandIn(sandbox, "fitbit")
    with pytest.raises(requests.HTTPError, match="400"):
        StandIn(sandbox, "garmin", client_id=app.client_id)
    StandIn(sandbox, "fitbit", client_id=app.client_id)


def test_a_client_is_unknown_at_the_addresses_of_others(sandbox: Sandbox) -> None:
    fitbit, native = StandIn(sandbox, "fitbit"), Company(sandbox)
    elsewhere = requests.get(
        native.authorize_url(client_id=fitbit.client_id), timeout=20, allow_redirects=False
    )
    assert elsewhere.status_code == 400
    foreign = requests.get(
        fitbit.authorize_url(FITBIT, client_id=native.client_id), timeout=20, allow_redirects=False
    )
    assert foreign.status_code == 400
    form = {"grant_type": "refresh_token", "refresh_token": native.connect()["refresh_token"]}
    answer = fitbit.call("POST", TOKEN, data=form, auth=(native.client_id, native.secret))
    assert (answer.status_code, answer.json()["errors"][0]["errorType"]) == (401, "invalid_client")


def test_a_token_opens_nothing_at_another_company(sandbox: Sandbox) -> None:
    tokens = Company(sandbox).connect()
    answer = StandIn(sandbox, "fitbit").call(
        "GET", "https://api.fitbit.com/1/user/-/profile.json", tokens["access_token"]
    )
    assert (answer.status_code, answer.json()["errors"][0]["errorType"]) == (401, "invalid_token")


def test_what_is_not_there_is_told_in_the_companys_own_form(sandbox: Sandbox) -> None:
    app = StandIn(sandbox, "fitbit")
    missing = app.call("GET", "https://api.fitbit.com/1/user/-/nothing.json")
    assert (missing.status_code, missing.json()["success"]) == (404, False)
    wrong = app.call("GET", TOKEN)
    assert (wrong.status_code, wrong.json()["success"]) == (405, False)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"data": b"\x00\xff\xfe=%zz&grant_type=refresh_token&refresh_token=\x00"},
        {"data": {"grant_type": "refresh_token", "refresh_token": "\x00\ud7ff"}},
        {"data": {"grant_type": "authorization_code", "code": "\x00"}},
        {"data": {"grant_type": "password", "username": "a", "password": "b"}},
        {"data": {"grant_type": ["refresh_token", "refresh_token"]}},
        {"data": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": b"a=" + b"x" * 2_000_000},
        {"json": {"grant_type": "refresh_token"}},
        {"headers": {"Authorization": "Basic !!"}},
        {"headers": {"Authorization": "Basic \xff"}},
    ],
)
@pytest.mark.parametrize(
    "url",
    [
        "https://api.fitbit.com/oauth2/token",
        "https://api.fitbit.com/oauth2/revoke",
        "https://diauth.garmin.com/di-oauth2-service/oauth/token",
        "https://oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com/revoke",
        "https://polarremote.com/v2/oauth2/token",
    ],
)
def test_bad_input_is_refused_in_the_companys_form(
    sandbox: Sandbox, url: str, sent: dict[str, Any]
) -> None:
    company = Company(sandbox)
    own = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(
        f"{sandbox.url}/{url.removeprefix('https://')}",
        **{"headers": own, **sent},
        auth=None if "headers" in sent else (company.client_id, company.secret),
        timeout=20,
    )
    assert 400 <= answer.status_code < 500
    assert {"errors", "error"} & set(answer.json())


def test_a_turned_dial_overrides_the_personalitys_own(sandbox: Sandbox) -> None:
    assert sandbox.control("GET", "dials?personality=fitbit")["access_token_seconds"] == 28_800
    assert sandbox.control("GET", "dials")["access_token_seconds"] == 3600
    sandbox.control("PATCH", "dials", {"access_token_seconds": 60})
    assert sandbox.control("GET", "dials?personality=fitbit")["access_token_seconds"] == 60


def test_the_consent_page_names_the_company_and_says_that_it_is_simulated(
    sandbox: Sandbox,
) -> None:
    app = StandIn(sandbox, "fitbit")
    browser, start = Browser(), app.authorize_url(FITBIT, scope="sleep heartrate")
    page = browser.get(start, timeout=20)
    forward = query(page.url)["next"]
    answer = browser.post_form(page, page.url, account=app.account, next=forward)
    consent = browser.get(f"{sandbox.url}{answer.headers['Location']}", timeout=20)
    assert "Fitbit, simulated." in consent.text
    assert "<strong>Heart rate</strong>" in consent.text
    assert consent.text.count("checked") == 2
    allowed = browser.post_form(consent, consent.url, decision="allow", scope="sleep")
    assert allowed.headers["Location"].startswith(f"{REDIRECT}?code=")


def test_connected_apps_lists_every_company(sandbox: Sandbox) -> None:
    native, app = Company(sandbox), StandIn(sandbox, "fitbit")
    app.account = native.account
    native.connect()
    code = app.decide(app.authorize_url(FITBIT, scope="sleep"))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    assert app.call("POST", TOKEN, auth=app.basic, data={**form, "code_verifier": "v" * 60}).ok
    page = signed_in(native).get(f"{sandbox.url}/settings/apps/", timeout=20)
    assert page.text.count(">Revoke access</button>") == 2
    assert page.text.count("Fitbit, simulated") == 1


def test_what_a_company_does_not_offer_is_refused(sandbox: Sandbox) -> None:
    app = StandIn(sandbox, "fitbit")
    app.decide(app.authorize_url(FITBIT, scope="sleep"))
    asked = {"account": app.account, "client_id": app.client_id, "scopes": []}
    for path, more in [
        ("permissions", asked),
        ("delete_account", {**asked, "personality": "fitbit"}),
    ]:
        with pytest.raises(requests.HTTPError, match="400"):
            sandbox.control("POST", path, more)


def test_a_visitor_registers_a_client_of_a_company(sandbox: Sandbox) -> None:
    browser, url = Browser(), f"{sandbox.url}/developer/"
    page = browser.get(url, timeout=20)
    assert '<option value="garmin">Garmin</option>' in page.text
    typed = {
        "personality": "garmin",
        "name": "Visitor's watch",
        "client_id": "visitor-garmin",
        "client_secret": "hush",
        "redirect_uris": REDIRECT,
        "notice_url": "",
    }
    assert browser.post_form(page, url, **typed).status_code == 302
    assert "<dd>Garmin</dd>" in browser.get(url, timeout=20).text
    refused = browser.post_form(page, url, **{**typed, "personality": "fitbit"})
    assert (refused.status_code, "registered with Garmin" in refused.text) == (400, True)
