"""The two companies that the demo begins with: what has happened to them can go on happening."""

import re
from collections.abc import Iterator
from functools import partial

import pytest
import requests

from tests.demo.process import Demo, eventually


@pytest.fixture(scope="module")
def owner(demo: Demo) -> Iterator[requests.Session]:
    """Northwind's owner, signed in with what the demo printed."""
    browser = signed_in(demo, "owner@northwind.example")
    yield browser
    browser.close()


def signed_in(demo: Demo, email: str) -> requests.Session:
    [password] = [line.split()[-1] for line in demo.lines if "the password of each is" in line]
    browser = requests.Session()
    post(browser, f"{demo.portal}/accounts/login/", login=email, password=password)
    return browser


def post(browser: requests.Session, url: str, **fields: str) -> requests.Response:
    page = browser.get(url, timeout=20)
    token = {"csrfmiddlewaretoken": browser.cookies["portal_csrf"]}
    return browser.post(page.url, data=fields | token, headers={"Referer": page.url}, timeout=20)


def test_the_owner_sees_ninety_days_of_one_company(demo: Demo, owner: requests.Session) -> None:
    overview = owner.get(f"{demo.portal}/", params={"range": "90d"}, timeout=20)
    assert "Northwind Health" in overview.text
    assert "Juniper" not in overview.text
    for page in ("users/", "revocations/", "connect-links/", "destinations/", "events/"):
        assert owner.get(overview.url.partition("?")[0] + page, timeout=20).status_code == 200


def test_a_person_of_both_companies_revokes(demo: Demo) -> None:
    northwind, juniper = demo.slugs
    demo.control("POST", "revoke", {"account": "runner-001"})
    told = [
        eventually(partial(demo.inbox, slug, "access_revoked")) for slug in (northwind, juniper)
    ]
    assert [len(events) for events in told] == [1, 1]
    users = [events[0]["payload"]["user"]["user_id"] for events in told]
    assert users[0] != users[1]
    assert {events[0]["terra_python"] for events in told} == {"valid"}


def test_a_user_of_the_story_is_disconnected_at_the_wearable_too(
    demo: Demo, owner: requests.Session
) -> None:
    users = owner.get(f"{demo.portal}/", timeout=20).url + "users/?state=active"
    path = re.search(r'href="(/c/[^"]+/users/[0-9a-f-]{36}/)"', owner.get(users, timeout=20).text)
    assert path
    seen = len(demo.control("GET", "log"))
    post(owner, f"{demo.portal}{path[1]}disconnect/")
    [told] = eventually(lambda: demo.inbox(demo.slugs[0], "deauth"))
    assert told["payload"]["user"]["user_id"] in path[1]

    def asked() -> list[int]:
        calls = demo.control("GET", f"log?since={seen}")
        return [call["status"] for call in calls if call["kind"] == "revoke"]

    assert eventually(asked) == [200]
