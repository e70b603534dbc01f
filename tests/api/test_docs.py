"""The OpenAPI document and the page to browse it."""

import re
from pathlib import Path
from typing import Any, Literal

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from connections.api import data
from developers.rest.guides import GUIDES
from developers.states import EventType
from tests import cast

# Of ours, and nothing that whoever receives webhooks is looking for.
OF_USERS = {"/v2/portal/counts"}


def test_the_document_tells_of_every_operation(db: None) -> None:
    document = Client().get("/v2/openapi.json").json()

    operations = {(method, path) for path, item in document["paths"].items() for method in item}
    assert operations == {
        ("post", "/v2/auth/generateWidgetSession"),
        ("post", "/v2/auth/authenticateUser"),
        ("post", "/v2/auth/generateAuthToken"),
        ("delete", "/v2/auth/deauthenticateUser"),
        ("get", "/v2/userInfo"),
        ("get", "/v2/subscriptions"),
        ("post", "/v2/bulkUserInfo"),
        ("patch", "/v2/users/{user_id}"),
        ("get", "/v2/integrations"),
        ("get", "/v2/portal/counts"),
        ("get", "/v2/portal/sessions/{session_id}"),
        ("post", "/v2/portal/sessions/{session_id}/cancel"),
        ("get", "/v2/integrations/detailed"),
        *((each.method.lower(), f"/v2{each.path}") for each in data.OPERATIONS),
        ("get", "/v2/portal/destinations"),
        ("post", "/v2/portal/destinations"),
        ("get", "/v2/portal/destinations/{destination_id}"),
        ("patch", "/v2/portal/destinations/{destination_id}"),
        ("delete", "/v2/portal/destinations/{destination_id}"),
        ("post", "/v2/portal/destinations/{destination_id}/rotate"),
        ("post", "/v2/portal/destinations/{destination_id}/pause"),
        ("post", "/v2/portal/destinations/{destination_id}/enable"),
        ("post", "/v2/portal/destinations/{destination_id}/test"),
        ("get", "/v2/portal/events"),
        ("get", "/v2/portal/events/{event_id}"),
        ("post", "/v2/portal/events/{event_id}/resend"),
        ("get", "/v2/portal/recoveries"),
        ("post", "/v2/portal/recoveries"),
        ("get", "/v2/portal/recoveries/{recovery_id}"),
        ("get", "/v2/portal/figures"),
        ("get", "/v2/portal/revocations"),
    }
    assert document["info"]["title"] == "Terra Portal API"
    user_info = document["paths"]["/v2/userInfo"]["get"]
    assert user_info["security"] == [{"dev-id": [], "x-api-key": []}]
    assert set(document["components"]["securitySchemes"]) == {"dev-id", "x-api-key"}
    answers = {status: list(said["content"]) for status, said in user_info["responses"].items()}
    errors = dict.fromkeys(["400", "401", "404", "429", "default"], ["application/problem+json"])
    assert answers == {"200": ["application/json"]} | errors
    open_to_all = [path for path, item in document["paths"].items() if not _asks(item)]
    assert open_to_all == ["/v2/integrations", "/v2/integrations/detailed"]


def test_the_log_is_told_of_in_each_of_its_forms(db: None) -> None:
    document = Client().get("/v2/openapi.json").json()

    content = document["paths"]["/v2/portal/revocations"]["get"]["responses"]["200"]["content"]

    assert list(content) == ["application/json", "text/csv", "application/x-ndjson"]


def _asks(item: dict[str, Any]) -> bool:
    """Whether every operation at this address asks for both headers."""
    wanted: list[dict[str, list[str]]] = [{"dev-id": [], "x-api-key": []}]
    return all(operation.get("security") == wanted for operation in item.values())


def test_the_page_needs_nothing_that_the_policy_forbids(db: None) -> None:
    response = Client().get("/v2/docs")

    page = response.content.decode()
    assert response.status_code == 200
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in tag or "application/json" in tag for tag in scripts)
    assert "<style" not in page
    assert " style=" not in page
    loaded = re.findall(r'(?:src|href)="(/static/([^"]+))"', page)
    assert loaded
    assert all(finders.find(name) for _, name in loaded)
    assert "//cdn" not in page


@pytest.fixture
def complaints(browser_page: Page) -> list[str]:
    """What the console says goes wrong, refusals of the content security policy among it."""
    said: list[str] = []
    browser_page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    browser_page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_shows_every_operation_in_a_browser(
    live_server: LiveServer,
    browser_page: Page,
    complaints: list[str],
    width: int,
    colours: Literal["light", "dark"],
) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.set_viewport_size({"width": width, "height": 844})
    browser_page.emulate_media(color_scheme=colours)

    browser_page.goto(f"{live_server.url}/v2/docs")
    browser_page.wait_for_selector(".opblock-summary")
    shown = browser_page.locator(".opblock-summary-path").all_text_contents()
    browser_page.locator(".opblock-summary").first.click()
    browser_page.wait_for_selector(".opblock-body")

    document = Client().get("/v2/openapi.json").json()
    paths = [path for path, item in document["paths"].items() for _ in item]
    assert sorted(path.replace("\u200b", "") for path in shown) == sorted(paths)
    assert complaints == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
    assert browser_page.evaluate("document.documentElement.scrollWidth") == width
    ground = browser_page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(numbers(ground)) < 0.5) is (colours == "dark")


def numbers(colour: str) -> list[float]:
    """The lightness of `oklch(0.98 …)`, or the parts of `rgb(…)`, between 0 and 1."""
    kind, _, parts = colour.partition("(")
    found = [float(part) for part in re.findall(r"[\d.]+", parts)]
    return found[:1] if kind == "oklch" else [part / 255 for part in found[:3]]


@pytest.mark.django_db(transaction=True)
def test_an_operation_is_tried_out_on_the_page(
    live_server: LiveServer, browser_page: Page, complaints: list[str]
) -> None:
    made = cast.company("A")
    user = cast.connection(made.environments["testing"])
    browser_page.goto(f"{live_server.url}/v2/docs")
    browser_page.locator(".btn.authorize").click()
    for field, value in (
        ("dev-id", made.environments["testing"].dev_id),
        ("x-api-key", made.api_keys["testing"]),
    ):
        box = browser_page.locator(".auth-container", has_text=field)
        box.locator("input").fill(value)
        box.get_by_role("button", name="Apply credentials").click()
    browser_page.locator(".modal-ux").get_by_role("button", name="Close").first.click()

    block = browser_page.locator("[id$='_subscriptions']").first
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table")

    answer.wait_for()
    assert str(user.pk) in (answer.text_content() or "")
    assert complaints == []


@pytest.mark.parametrize("name", GUIDES)
def test_guides_are_shown_as_pages(name: str, db: None) -> None:
    response = Client().get(f"/v2/docs/{name}")

    page = response.content.decode()
    assert response.status_code == 200
    assert "<h1 id=" in page
    assert " style=" not in page
    assert "<script>" not in page
    links = re.findall(r'<a href="([^"]+)"', page.partition("<article")[2])
    here = [link for link in links if not link.startswith("http")]
    assert [link for link in here if not _leads_somewhere(link, page)] == []


def _leads_somewhere(link: str, page: str) -> bool:
    name, _, heading = link.partition("#")
    target = Client().get(f"/v2/docs/{name}").content.decode() if name else page
    return not heading or f'id="{heading}"' in target


def test_there_are_no_other_guides(db: None) -> None:
    for name in ("settings", "..", "../README", "nothing"):
        assert Client().get(f"/v2/docs/{name}").status_code == 404


def test_the_page_for_receivers_tells_of_every_type_and_operation(db: None) -> None:
    text = (Path(settings.BASE_DIR) / "docs/webhooks.md").read_text()
    rows = [line.split("|")[1].strip().strip("`") for line in text.splitlines() if "|" in line]

    assert [name for name in rows if name in EventType.values] == EventType.values
    paths = Client().get("/v2/openapi.json").json()["paths"]
    ours = [path for path in paths if "/portal/" in path and path not in OF_USERS]
    ends = [path.rpartition("}")[2] or path.rpartition("/")[2] for path in ours]
    assert [end for end in ends if end not in text] == []
