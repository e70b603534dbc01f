"""The page *Sources* in a real Chromium: with and without script, by keyboard, on a phone."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from connections import clients, links, sources
from connections.models import OAuthClient
from connections.providers import REGISTRY
from terra_portal import clock
from tests import cast
from tests.connections.makers import AnyProvider, OwnProvider
from tests.dashboard.scene import Side, side

PHONE = ViewportSize(width=390, height=844)
DESK = ViewportSize(width=1280, height=900)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def a(
    transactional_db: None,
    live_server: LiveServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Side:
    """The sandbox is shared and simulated, `OWN` the company's, `ANY` nobody's."""
    settings.SANDBOX_URL = "http://127.0.0.1:1"
    settings.PUBLIC_BASE_URL = live_server.url
    settings.PUBLIC_HOST = urlsplit(live_server.url).netloc
    for name in set(REGISTRY) - {"SANDBOX"}:
        monkeypatch.delitem(REGISTRY, name)
    monkeypatch.setitem(REGISTRY, "OWN", OwnProvider)
    monkeypatch.setitem(REGISTRY, "ANY", AnyProvider)
    made = side("Alder")
    cast.oauth_client("SANDBOX")
    sources.bring(made.environment, "OWN", client_id="first-app", client_secret="s")
    cast.connection(made.environment, on=cast.grant(OAuthClient.objects.get(provider="OWN")))
    sources.bring(made.environment, "OWN", client_id="second-app", client_secret="s")
    OAuthClient.objects.filter(client_id="second-app").update(rejected_at=clock.now())
    return made


def signed_in(a: Side, live_server: LiveServer, browser: Browser, **kind: Any) -> BrowserContext:
    context = browser.new_context(base_url=live_server.url, **kind)
    [(name, morsel)] = [pair for pair in a.client.cookies.items() if "session" in pair[0]]
    context.add_cookies([{"name": name, "value": morsel.value, "url": live_server.url}])
    return context


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def desk(
    a: Side, live_server: LiveServer, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    context = signed_in(a, live_server, browser, viewport=DESK, java_script_enabled=request.param)
    yield context
    context.close()


def order(a: Side) -> list[str]:
    return [place.provider for place in clients.lineup(a.environment)]


def test_moves_and_switches_by_keyboard(a: Side, desk: BrowserContext) -> None:
    page = desk.new_page()
    page.goto(a.url("sources/"))
    names = page.locator("tbody th a")
    expect(names).to_have_text(["Anyband", "Ownly", "Sandbox"])
    page.get_by_role("button", name="Move Sandbox up").press("Enter")
    expect(names).to_have_text(["Anyband", "Sandbox", "Ownly"])
    page.get_by_role("button", name="Move Sandbox up").press("Enter")
    expect(names).to_have_text(["Sandbox", "Anyband", "Ownly"])
    assert order(a) == ["SANDBOX", "ANY", "OWN"]
    switch = page.get_by_role("switch", name="Offer Sandbox")
    expect(switch).to_be_checked()
    switch.press("Space")
    expect(switch).not_to_be_checked()
    assert [offer.provider for offer in clients.offered(a.environment)] == ["OWN"]


def test_the_focus_stays_where_it_was(a: Side, live_server: LiveServer, browser: Browser) -> None:
    context = signed_in(a, live_server, browser, viewport=DESK)
    page = context.new_page()
    page.goto(a.url("sources/"))
    for _ in range(3):
        button = page.get_by_role("button", name="Move Sandbox up")
        button.focus()
        with page.expect_response("**/move/"):
            page.keyboard.press("Enter")
        expect(button).to_be_focused()
    expect(page.get_by_role("status").last).to_contain_text("Sandbox stands at place 1.")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_accessible_and_fits(
    a: Side, live_server: LiveServer, browser: Browser, size: Any, scheme: Any
) -> None:
    context = signed_in(a, live_server, browser, viewport=size, color_scheme=scheme)
    page = context.new_page()
    sources.bring(a.environment, "SANDBOX", client_id="sand", client_secret="s")
    for name in ("", "own/", "any/", "own/close/", "sandbox/"):
        page.goto(a.url(f"sources/{name}"))
        looked_at(page, f"sources/{name}")
    page.goto(links.open_session(a.environment)[1])
    looked_at(page, "picker")
    context.close()


def looked_at(page: Page, name: str) -> None:
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, f"{name} is wider than the screen"
