"""The hosted pages in a real Chromium: portal, wearable and company on three origins."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections import authenticate, links
from connections.models import Grant
from terra_portal import clock
from tests import cast
from tests.pages.person import Asking, Person, query, register
from tests.sandbox.process import Sandbox

PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=900)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def sandbox(wearable_company: Sandbox, settings: Settings, live_server: LiveServer) -> Sandbox:
    """As everywhere in these tests, with the portal where a browser can reach it."""
    settings.SANDBOX_URL = wearable_company.url
    settings.PUBLIC_BASE_URL = live_server.url
    settings.PUBLIC_HOST = urlsplit(live_server.url).netloc
    wearable_company.control("DELETE", "dials")
    register(wearable_company)
    return wearable_company


@pytest.fixture
def company_site(sandbox: Sandbox) -> str:
    """Another origin, where the company's own pages stand."""
    return sandbox.url.replace("127.0.0.1", "localhost")


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def phone(browser: Browser, script: bool) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, java_script_enabled=script)
    yield context.new_page()
    context.close()


def link(a: Asking, **wishes: Any) -> str:
    return links.open_session(a.environment, **wishes)[1]


def test_the_form_leads_over_the_wearable_to_the_company(
    a: Asking, phone: Page, script: bool, company_site: str
) -> None:
    _open(phone, link(a, success_url=f"{company_site}/?plan=7"), script=script)
    phone.get_by_label(re.compile("account", re.I)).fill("walker")
    phone.get_by_role("button", name="Sign in").click()
    phone.get_by_role("button", name="Allow").click()
    phone.wait_for_url(f"{company_site}/**")
    [user] = a.users()
    assert query(phone.url) == {
        "plan": "7", "user_id": str(user.pk), "resource": "SANDBOX", "reference_id": "null"
    }  # fmt: skip


def test_a_copied_callback_asks_and_its_form_leads_to_the_company(
    a: Asking, person: Person, browser: Browser, phone: Page, company_site: str
) -> None:
    begun = _begun_elsewhere(browser, link(a, success_url=f"{company_site}/"))
    phone.goto(person.decide(begun))
    phone.get_by_role("button", name="Confirm").click()
    phone.wait_for_url(f"{company_site}/**")
    assert [str(user.pk) for user in a.users()] == [query(phone.url)["user_id"]]


def test_an_address_made_by_api_asks_and_leads_to_the_company(
    a: Asking, phone: Page, company_site: str
) -> None:
    begun = authenticate.begin(a.environment, "SANDBOX", success_url=f"{company_site}/")
    phone.goto(begun.authorize_url)
    _allow(phone, "walker")
    phone.get_by_role("heading", name="Connect this Sandbox account to Alder Health?").wait_for()
    assert a.users() == []
    phone.get_by_role("button", name="Confirm").click()
    phone.wait_for_url(f"{company_site}/**")
    assert query(phone.url)["user_id"] == str(begun.attempt.user_id)
    assert [user.pk for user in a.users()] == [begun.attempt.user_id]


def test_a_link_that_closed_under_the_form_leads_to_the_failure_url(
    a: Asking, phone: Page, company_site: str
) -> None:
    cast.connection(a.environment, reference_id="p-1")
    session, url = links.open_session(
        a.environment, failure_url=f"{company_site}/", reference_id="p-1", show_disconnect=True
    )
    phone.goto(url)
    links.cancel(session)
    phone.get_by_role("button", name="Continue to Sandbox").click()
    phone.wait_for_url(f"{company_site}/**")
    assert query(phone.url)["reason"] == "session_cancelled"


def test_the_wait_ends_by_itself(a: Asking, phone: Page, script: bool) -> None:
    _connect(a, phone, "walker", script=script, reference_id="before")
    [connection] = a.users()
    Grant.objects.update(revoking_until=clock.now() + timedelta(minutes=1))
    _connect(a, phone, "walker", script=script, reference_id="p-1")
    phone.get_by_role("heading", name="Almost done").wait_for()
    assert [user.pk for user in a.users()] == [connection.pk]
    Grant.objects.update(revoking_until=None)
    phone.get_by_role("heading", name="Sandbox is connected").wait_for()


def test_the_person_disconnects(a: Asking, phone: Page) -> None:
    cast.connection(a.environment, reference_id="p-1")
    phone.goto(link(a, reference_id="p-1", show_disconnect=True))
    phone.get_by_role("link", name=re.compile("^Disconnect Sandbox")).click()
    phone.get_by_role("button", name="Disconnect").click()
    phone.get_by_text("Disconnected").wait_for()
    assert a.users() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_accessible_and_fits(
    a: Asking, person: Person, browser: Browser, size: Any, scheme: Any
) -> None:
    a.environment.accent = "#ffe600"
    a.environment.save()
    cast.connection(a.environment, reference_id="p-1")
    context = browser.new_context(viewport=size, color_scheme=scheme)
    page = context.new_page()
    for name in _pages(a, page, person, browser):
        found = Axe().run(page, options=RULES)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{name} is wider than the screen"
    context.close()


def _pages(a: Asking, page: Page, person: Person, browser: Browser) -> Iterator[str]:
    """Brings every kind of hosted page up, one after another."""
    mine = link(a, reference_id="p-1", show_disconnect=True)
    page.goto(mine)
    yield "link"
    page.get_by_role("link", name=re.compile("^Disconnect")).click()
    yield "disconnect"
    page.goto(f"{mine}?done=disconnected")
    yield "disconnected"
    _connect(a, page, "walker")
    yield "connected"
    _connect(a, page, "walker", decision="Deny")
    yield "failed"
    callback = person.decide(_begun_elsewhere(browser, link(a)))
    page.goto(callback)
    yield "confirm"
    page.goto(callback)
    yield "lost"
    page.goto(link(a).rsplit("/", 2)[0] + "/nope/")
    yield "unknown"
    session, closed = links.open_session(a.environment)
    links.cancel(session)
    page.goto(closed)
    yield "closed"
    Grant.objects.update(revoking_until=clock.now() + timedelta(minutes=1))
    _connect(a, page, "walker")
    yield "finishing"


def _begun_elsewhere(browser: Browser, url: str) -> str:
    """The wearable's page that another browser was sent to."""
    context = browser.new_context()
    tab = context.new_page()
    with tab.expect_request(lambda sent: "/oauth/authorize?" in sent.url) as asked:
        _open(tab, url)
    context.close()
    return str(asked.value.url)


def _open(page: Page, url: str, *, script: bool = True) -> None:
    """To the wearable's page, where JavaScript leads by itself."""
    page.goto(url, wait_until="commit")
    if not script:
        page.get_by_role("button", name="Continue to Sandbox").click()
    page.wait_for_url(re.compile("/oauth/authorize"))


def _connect(
    a: Asking,
    page: Page,
    account: str,
    *,
    decision: str = "Allow",
    script: bool = True,
    **wishes: Any,
) -> None:
    _open(page, link(a, **wishes), script=script)
    _allow(page, account, decision)
    page.wait_for_url("**/connect/**")


def _allow(page: Page, account: str, decision: str = "Allow") -> None:
    """Signs in where the wearable asks for it, and answers."""
    if page.get_by_role("button", name="Sign in").count():
        page.get_by_label(re.compile("account", re.I)).fill(account)
        page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=decision).click()
