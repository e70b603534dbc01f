"""One wearable skips the picker: in a browser with JavaScript the page goes on by itself."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections import finish, links
from connections.models import ConnectAttempt
from connections.states import CancelReason
from tests import cast
from tests.pages.person import Asking, register
from tests.sandbox.process import Sandbox

BUTTON = "Continue to Sandbox"
AUTHORIZE = re.compile("/oauth/authorize")


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
def tab(browser_page: Page) -> Iterator[Page]:
    """Fails on whatever the policy of a page refuses."""
    refused: list[str] = []
    browser_page.on(
        "console",
        lambda said: refused.append(said.text) if "Content Security" in said.text else None,
    )
    yield browser_page
    assert refused == []


def link(a: Asking, **wishes: Any) -> str:
    return links.open_session(a.environment, **wishes)[1]


def arrives(tab: Page) -> None:
    tab.wait_for_url(AUTHORIZE)


def stays(tab: Page) -> None:
    """The page is done, the button is there to be pressed, and nothing has begun."""
    before = ConnectAttempt.objects.count()
    tab.wait_for_load_state("networkidle")
    assert "/connect/" in tab.url
    assert tab.get_by_role("button", name=BUTTON).is_enabled()
    assert ConnectAttempt.objects.count() == before


@pytest.mark.parametrize("providers", [["SANDBOX"], []], ids=["named", "the only one"])
def test_it_goes_on_by_itself(a: Asking, tab: Page, providers: list[str]) -> None:
    tab.goto(link(a, providers=providers), wait_until="commit")

    arrives(tab)

    assert ConnectAttempt.objects.count() == 1


def test_back_leads_out_and_not_into_the_wearable_again(
    a: Asking, tab: Page, sandbox: Sandbox
) -> None:
    mail = sandbox.url.replace("127.0.0.1", "localhost") + "/"
    tab.goto(mail)
    tab.goto(link(a), wait_until="commit")
    arrives(tab)

    tab.go_back()

    assert tab.url == mail
    assert ConnectAttempt.objects.count() == 1


def test_without_javascript_the_button_remains(a: Asking, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(link(a))
    stays(tab)
    tab.get_by_role("button", name=BUTTON).click()
    arrives(tab)
    context.close()


def test_whoever_comes_back_to_the_page_or_loads_it_again_decides(
    a: Asking, tab: Page, sandbox: Sandbox
) -> None:
    user = cast.connection(a.environment, reference_id="p-1")
    tab.goto(link(a, reference_id="p-1", show_disconnect=True))
    stays(tab)
    user.delete()  # from now on the page would go on by itself
    tab.goto(sandbox.url)

    tab.go_back()
    stays(tab)
    tab.reload()

    assert tab.locator("form[data-autostart]").count() == 1
    stays(tab)


def test_after_a_failure_the_person_decides(a: Asking, tab: Page) -> None:
    url = link(a)
    tab.goto(url, wait_until="commit")
    arrives(tab)
    finish.fail(ConnectAttempt.objects.get().pk, CancelReason.ACCESS_DENIED)

    tab.goto(url)

    stays(tab)


def test_whoever_sees_what_is_connected_decides(a: Asking, tab: Page) -> None:
    user = cast.connection(a.environment, reference_id="p-1")
    url = link(a, reference_id="p-1", show_disconnect=True)
    tab.goto(url)
    stays(tab)

    tab.get_by_role("link", name=re.compile("^Disconnect Sandbox")).click()
    tab.get_by_role("button", name="Disconnect").click()
    tab.get_by_text("Disconnected").wait_for()

    stays(tab)
    user.refresh_from_db()
    assert not user.is_active


def test_with_nothing_to_disconnect_it_goes_on(a: Asking, tab: Page) -> None:
    tab.goto(link(a, reference_id="p-1", show_disconnect=True), wait_until="commit")

    arrives(tab)
