"""The pages of destinations in a real Chromium: with and without script, on phone and desk."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from developers.models import Attempt, Delivery, Destination
from developers.states import DeliveryState, StoppedBecause
from developers.webhooks import destinations, examples
from developers.webhooks.delivery import deliver_due
from terra_portal import clock
from tests.dashboard.scene import Side, side
from tests.dashboard.test_sources_browser import DESK, PHONE, looked_at, signed_in
from tests.developers.sink import sink

HOST = "https://a-rather-long-name-of-a-server.of.a.company.example"
URL = f"{HOST}/with/a/path/that/does/not/end/soon?and=a&query=too"


@pytest.fixture
def a(transactional_db: None, live_server: LiveServer, settings: Settings) -> Side:
    settings.PUBLIC_BASE_URL = live_server.url
    settings.PUBLIC_HOST = urlsplit(live_server.url).netloc
    return side("Alder")


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def desk(
    a: Side, live_server: LiveServer, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    context = signed_in(a, live_server, browser, viewport=DESK, java_script_enabled=request.param)
    yield context
    context.close()


def test_one_is_added_tested_rotated_paused_and_removed(a: Side, desk: BrowserContext) -> None:
    page = desk.new_page()
    with sink() as server:
        page.goto(a.url("destinations/new/"))
        page.get_by_label("Address").fill(server.url)
        page.get_by_label("deauth").uncheck()
        page.get_by_label("Headers of your own").fill("X-Tenant: seven")
        page.get_by_role("button", name="Add the destination").click()
        page.get_by_role("link", name="I have stored it").click()
        made = Destination.objects.get()
        first = made.signing_secret
        assert "deauth" not in made.event_types
        page.get_by_label("Event type").select_option("deauth")
        page.get_by_role("button", name="Send an example").click()
        row = page.locator("#list tbody tr")
        expect(row).to_contain_text("example")
        deliver_due()
        page.reload()
        expect(row).to_contain_text("200")
        (arrival,) = server.arrivals
        assert arrival.headers["x-tenant"] == "seven"
    page.get_by_role("link", name="Rotate…").click()
    page.get_by_label("The secret of today goes on for").select_option("1")
    page.get_by_role("button", name="Rotate it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The signing secret is rotated")
    made.refresh_from_db()
    assert (made.previous_secret, made.signing_secret != first) == (first, True)
    page.get_by_role("link", name="I have stored it").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused: nothing is sent.")).to_be_visible()
    page.get_by_role("button", name="Enable").click()
    page.get_by_role("link", name="Remove…").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("No destinations yet")).to_be_visible()


def test_the_answer_to_an_example_comes_by_itself(
    a: Side, live_server: LiveServer, browser: Browser
) -> None:
    context = signed_in(a, live_server, browser, viewport=DESK)
    page = context.new_page()
    with sink() as server:
        made, _ = destinations.add(a.environment, server.url)
        page.goto(a.url(f"destinations/{made.id}/"))
        page.get_by_role("button", name="Send an example").click()
        expect(page.locator("#list tbody tr")).to_contain_text("Waiting")
        event = page.locator("#list").get_by_role("link", name="auth")
        event.focus()
        deliver_due()
        expect(page.locator("#list tbody tr")).to_contain_text("200", timeout=20_000)
        expect(event).to_be_focused()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_accessible_and_fits(
    a: Side, live_server: LiveServer, browser: Browser, size: Any, scheme: Any
) -> None:
    failing, _ = destinations.add(a.environment, URL, headers={"X-Tenant": "t"})
    Destination.objects.update(failing_since=clock.now())
    paused, _ = destinations.add(a.environment, URL)
    stopped, _ = destinations.add(a.environment, URL, event_types=["auth"])
    destinations.rotate(paused)
    for to in (failing, paused, stopped):
        examples.send(to, "permission_change")
    Delivery.objects.update(state=DeliveryState.EXHAUSTED, attempt_count=10)
    for made in Delivery.objects.all():
        Attempt.objects.create(delivery=made, number=1, duration_ms=90, status_code=500)
    destinations.pause(paused)
    destinations.stop(stopped, StoppedBecause.FAILING)
    context = signed_in(a, live_server, browser, viewport=size, color_scheme=scheme)
    page = context.new_page()
    every = [f"{to.id}/" for to in (failing, paused, stopped)]
    deeds = [f"{paused.id}/{deed}/" for deed in ("settings", "remove", "rotate")]
    for name in ("", "new/", *every, *deeds):
        page.goto(a.url(f"destinations/{name}"))
        looked_at(page, f"destinations/{name}")
    page.get_by_role("button", name="Rotate it").click()
    looked_at(page, "destinations/rotated")
    context.close()
