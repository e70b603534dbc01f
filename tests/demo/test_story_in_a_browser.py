"""The main job as people do it: every click in a real Chromium, in the demo's own settings."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.demo.process import Demo

PASSWORD = "northern-lights-7"
WITHIN_SECONDS = 5.0


@pytest.fixture
def people(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Each call is another person at another device; a script error on any page fails the test."""
    contexts, errors = [], []

    def somebody() -> Page:
        context = browser.new_context(viewport={"width": 390, "height": 844})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield somebody
    for context in contexts:
        context.close()
    assert errors == []


def sign_in(page: Page, demo: Demo, email: str) -> str:
    """The address of the company's testing environment, where the person lands."""
    page.goto(demo.portal)
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/c/*/testing/")
    return page.url


def make_link(page: Page, environment: str, reference_id: str) -> str:
    page.goto(f"{environment}connect-links/new/")
    page.locator("input[name=reference_id]").fill(reference_id)
    page.locator("main form button[type=submit]").click()
    found = re.search(r"http://[\d.:]+/connect/[\w-]{20,}/", page.content())
    assert found is not None
    return found[0]


def connect(person: Page, link: str, account: str) -> None:
    person.goto(link)
    person.get_by_role("button", name="Sandbox").click()
    if person.get_by_role("button", name="Sign in").count():
        person.get_by_label("Account name").fill(account)
        person.get_by_role("button", name="Sign in").click()
    person.get_by_role("button", name="Allow").click()
    assert "is connected" in person.inner_text("h1")


def user_id(page: Page, environment: str, reference_id: str) -> str:
    page.goto(f"{environment}users/?q={reference_id}")
    page.locator("tbody a", has_text=reference_id).first.click()
    page.wait_for_url("**/users/*-*/")
    return page.url.rstrip("/").split("/")[-1]


def inbox_tells(page: Page, demo: Demo, slug: str, user: str) -> list[str]:
    """The types of this user's events in the company's inbox, all of them verified."""
    page.goto(f"{demo.sandbox}/inbox/{slug}/")
    told = page.locator("article, li, section").filter(has_text=user)
    return re.findall(r"access_revoked|user_reauth|deauth|auth", "\n".join(told.all_inner_texts()))


def test_two_companies_one_wearable(demo: Demo, people: Callable[[], Page]) -> None:
    a, b, person = people(), people(), people()
    at_a = sign_in(a, demo, "owner@northwind.example")
    at_b = sign_in(b, demo, "owner@juniper.example")
    connect(person, make_link(a, at_a, "browser-a"), "clicking person")
    connect(person, make_link(b, at_b, "browser-b"), "clicking person")
    mine, theirs = user_id(a, at_a, "browser-a"), user_id(b, at_b, "browser-b")
    assert mine != theirs
    assert a.goto(f"{at_a}users/{theirs}/").status == 404  # type: ignore[union-attr]

    person.goto(f"{demo.sandbox}/settings/apps/")
    began = time.monotonic()
    person.get_by_role("button", name="Revoke access").click()
    rows = ((a, at_a, "browser-a", mine), (b, at_b, "browser-b", theirs))
    for page, environment, reference_id, user in rows:
        slug = environment.split("/c/")[1].split("/")[0]
        while "access_revoked" not in inbox_tells(page, demo, slug, user):
            assert time.monotonic() - began < WITHIN_SECONDS
            time.sleep(0.1)
        page.goto(f"{environment}revocations/?q={user}")
        ended = page.locator("tbody tr", has_text=reference_id)
        assert ended.count() == 1
        assert "Notice" in ended.inner_text()
        page.goto(f"{environment}users/{user}/")
        assert "withdrew access at the provider" in page.inner_text("main")


def test_a_newcomer_signs_up_and_makes_a_company(demo: Demo, people: Callable[[], Page]) -> None:
    newcomer = people()
    newcomer.goto(f"{demo.portal}/accounts/signup/")
    newcomer.locator("input[name=email]").fill("clicking-newcomer@example.org")
    newcomer.locator("input[name=password1]").fill("spring-tide-42")
    newcomer.locator("main button[type=submit]").click()
    newcomer.wait_for_load_state()

    reader = people()
    reader.goto(f"{demo.portal}/demo/mail/")
    reader.locator("main a[href^='/demo/mail/']").first.click()
    code = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", reader.inner_text("main"), re.MULTILINE)
    assert code is not None, reader.inner_text("main")
    newcomer.locator("input[name=code]").fill(code[1])
    newcomer.locator("main button[type=submit]").first.click()
    newcomer.wait_for_url("**/companies/new/")

    newcomer.locator("input[name=name]").fill("Cedar Clinic")
    newcomer.locator("main form button[type=submit]").click()
    shown = newcomer.inner_text("main")
    assert len(set(re.findall(r"tpk_[\w-]{20,}", newcomer.content()))) == 3
    assert all(kind in shown for kind in ("Testing", "Staging", "Production"))
    newcomer.goto(demo.portal)
    environment = newcomer.url
    connect(people(), make_link(newcomer, environment, "cedar-1"), "cedar person")
    assert user_id(newcomer, environment, "cedar-1")
