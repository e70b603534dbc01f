import re

import requests

from .company import REDIRECT, Company, query
from .process import Sandbox


class Browser(requests.Session):
    """Follows links and posts forms; has no JavaScript."""

    def post_form(self, page: requests.Response, action: str, **fields: str) -> requests.Response:
        token = re.findall('name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
        form = {"csrfmiddlewaretoken": token, **fields}
        return self.post(action, data=form, allow_redirects=False, timeout=20)


def signed_in(company: Company) -> Browser:
    browser, url = Browser(), f"{company.sandbox.url}/sign-in/"
    page = browser.get(url, timeout=20)
    browser.post_form(page, url, account=company.account)
    return browser


def test_a_person_signs_in_allows_sees_and_revokes(company: Company) -> None:
    browser, start = Browser(), company.authorize_url()
    page = browser.get(start, timeout=20)
    assert 'name="account"' in page.text
    assert ">Sign in</button>" in page.text
    forward = query(page.url)["next"]
    answer = browser.post_form(page, page.url, account=company.account, next=forward)
    consent = browser.get(f"{company.sandbox.url}{answer.headers['Location']}", timeout=20)
    assert f"App {company.client_id}" in consent.text
    assert consent.text.count("checked") == 4
    assert "form-action" not in consent.headers["Content-Security-Policy"]
    allowed = browser.post_form(consent, consent.url, decision="allow", scope="sleep")
    assert allowed.headers["Location"].startswith(f"{REDIRECT}?code=")
    tokens = company.exchange(query(allowed.headers["Location"])["code"]).json()
    assert tokens["scope"] == "sleep"
    connected = browser.get(f"{company.sandbox.url}/settings/apps/", timeout=20)
    assert ">Revoke access</button>" in connected.text
    action = re.findall('action="(/settings/apps/[0-9]+/revoke/)"', connected.text)
    assert len(action) == 1
    browser.post_form(connected, f"{company.sandbox.url}{action[0]}")
    assert company.me(tokens).status_code == 401
    page = browser.get(f"{company.sandbox.url}/settings/apps/", timeout=20)
    assert "No app may read your data." in page.text


def test_consent_is_asked_every_time_and_may_be_denied(company: Company) -> None:
    browser = signed_in(company)
    company.connect()
    consent = browser.get(company.authorize_url(), timeout=20)
    assert "Allow" in consent.text
    denied = browser.post_form(consent, consent.url, decision="deny")
    assert query(denied.headers["Location"]) == {"error": "access_denied", "state": "s t&ate"}


def test_one_person_does_not_see_or_revoke_for_another(company: Company) -> None:
    tokens = company.connect()
    stranger = signed_in(Company(company.sandbox))
    page = stranger.get(f"{company.sandbox.url}/settings/apps/", timeout=20)
    assert company.client_id not in page.text
    mine = signed_in(company).get(f"{company.sandbox.url}/settings/apps/", timeout=20)
    action = re.findall('action="(/settings/apps/[0-9]+/revoke/)"', mine.text)[0]
    stranger.post_form(page, f"{company.sandbox.url}{action}")
    assert company.me(tokens).status_code == 200


def test_cookies_have_names_of_their_own(company: Company) -> None:
    assert sorted(signed_in(company).cookies.keys()) == ["sandbox_csrf", "sandbox_session"]


def test_signing_in_never_leads_off_the_site(company: Company) -> None:
    browser, url = Browser(), f"{company.sandbox.url}/sign-in/"
    page = browser.get(url, timeout=20)
    assert browser.post_form(page, url, account=" ").status_code == 400
    answer = browser.post_form(page, url, account="a", next="https://evil.example/")
    assert answer.headers["Location"] == "/"


def test_a_visitor_registers_a_client_and_only_its_secret_changes_it(sandbox: Sandbox) -> None:
    browser, url = Browser(), f"{sandbox.url}/developer/"
    page = browser.get(url, timeout=20)
    typed = {
        "name": "Visitor's app",
        "client_id": "visitor",
        "client_secret": "hush",
        "redirect_uris": f"{REDIRECT}\nhttp://127.0.0.1:9/second",
        "notice_url": "",
    }
    assert browser.post_form(page, url, **typed).status_code == 302
    shown = browser.get(url, timeout=20).text
    assert "http://127.0.0.1:9/second" in shown
    assert "hush" not in shown
    refused = browser.post_form(page, url, **{**typed, "client_secret": "other"})
    assert refused.status_code == 400
    assert "registered with another secret" in refused.text
    wrong = browser.post_form(page, url, **{**typed, "redirect_uris": "javascript:alert(1)"})
    assert wrong.status_code == 400
    assert browser.post_form(page, url, **{**typed, "name": "Renamed"}).status_code == 302
    assert "Renamed" in browser.get(url, timeout=20).text


def test_every_page_is_strict(company: Company) -> None:
    browser = signed_in(company)
    for path in ["/", "/sign-in/", "/settings/apps/", "/developer/", "/inbox/"]:
        page = browser.get(f"{company.sandbox.url}{path}", timeout=20)
        policy = page.headers["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} < set(policy)
        assert page.status_code == 200
        assert "<style" not in page.text
        assert " style=" not in page.text
