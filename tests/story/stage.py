"""The portal as its users meet it: over HTTP, with a worker at work and servers that are told."""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID

import httpx
from django.db import connections as databases

from developers.companies import CreatedCompany
from developers.webhooks import destinations
from tests.sandbox.company import query, wait_until
from tests.sandbox.process import Sandbox
from tests.story import published
from tests.world import World, work

_T = TypeVar("_T")
SUCCESS = "http://127.0.0.1:9/welcome?from=mail"
FAILURE = "http://127.0.0.1:9/sorry?from=mail"


class Worker(threading.Thread):
    """Worker and beat in one: runs what is due, again and again, and keeps what went wrong."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
        self._stopped = threading.Event()
        self.errors: list[Exception] = []

    def run(self) -> None:
        while not self._stopped.wait(0.05):
            try:
                work()
            except Exception as error:
                self.errors.append(error)
        databases.close_all()

    def stop(self) -> None:
        self._stopped.set()
        self.join(30)


@dataclass
class Company:
    """One company's server: calls the API, and has an inbox that checks what it is sent."""

    made: CreatedCompany
    portal: str
    world: World
    read: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.environment = self.made.environments["testing"]
        self.slug = f"{self.made.company.slug}-inbox"
        hook = f"{self.world.sandbox.url}/inbox/{self.slug}/hook/"
        _, secret = destinations.add(self.environment, hook)
        self.world.sandbox.control("PUT", f"inboxes/{self.slug}", {"secret": secret})

    def api(self, method: str, path: str, **more: Any) -> httpx.Response:
        key = self.made.api_keys["testing"]
        headers = {"dev-id": self.environment.dev_id, "x-api-key": key}
        with httpx.Client(trust_env=False, timeout=20) as client:
            answer = client.request(method, f"{self.portal}/v2{path}", headers=headers, **more)
        self.read.append(answer.text)
        return answer

    def link(self, reference_id: str | None = "", **wishes: Any) -> str:
        wishes.setdefault("auth_success_redirect_url", SUCCESS)
        wishes.setdefault("auth_failure_redirect_url", FAILURE)
        body = {"reference_id": reference_id, **wishes}
        answer = self.api("POST", "/auth/generateWidgetSession", json=body)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["url"])

    def user(self, user_id: str) -> httpx.Response:
        return self.api("GET", "/userInfo", params={"user_id": user_id})

    def users(self) -> set[str]:
        found = self.api("GET", "/subscriptions").json()["users"]
        return {user["user_id"] for user in found}

    def deauthenticate(self, user_id: str) -> httpx.Response:
        return self.api("DELETE", "/auth/deauthenticateUser", params={"user_id": user_id})

    def arrived(self, kind: str = "") -> list[dict[str, Any]]:
        """Every event that came in, in its order, checked by two libraries and the schemas."""
        found = self.world.sandbox.control("GET", f"inboxes/{self.slug}/events")
        for one in found:
            assert (one["terra_python"], one["standardwebhooks"]) == ("valid", "valid")
            published.check(one["payload"])
            assert one["headers"]["content-type"].startswith("application/json")
        payloads = [one["payload"] for one in found]
        told = sorted(payloads, key=lambda event: str(event["portal"]["occurred_at"]))
        return [event for event in told if kind in ("", event["type"])]

    def kinds(self) -> list[str]:
        return sorted(event["type"] for event in self.arrived())

    def hears(self, *kinds: str, seconds: float = 5) -> list[dict[str, Any]]:
        """Waits until exactly these have arrived, in any order."""
        wait_until(lambda: len(self.arrived()) >= len(kinds), seconds)
        assert self.kinds() == sorted(kinds)
        return self.arrived()

    def seen(self) -> str:
        """All that this company has ever been shown or told, as one text."""
        events = [json.dumps(event) for event in self.arrived()]
        return "\n".join(self.read + events)


class Wearer(Protocol):
    """Whose account it is, and where the wearable company runs."""

    @property
    def sandbox(self) -> Sandbox: ...

    @property
    def account(self) -> str: ...


@dataclass
class Person:
    """A browser, and an account at the wearable company."""

    world: Wearer
    browser: httpx.Client = field(
        default_factory=lambda: httpx.Client(trust_env=False, timeout=30, follow_redirects=False)
    )

    def open(self, link: str) -> httpx.Response:
        return self.browser.get(link)

    def click(self, link: str) -> httpx.Response:
        """Opens the link and presses the wearable's button."""
        page = self.open(link)
        assert page.status_code == 200, page.text
        found = re.search(r'action="([^"]*/start/[^"]*)"', page.text)
        assert found, page.text
        return self.browser.post(str(page.url.join(found[1])))

    def decide(self, sent: httpx.Response, decision: str = "allow", **more: Any) -> str:
        """Signs in at the wearable and answers; where the browser is sent then."""
        asked = {
            "authorize_url": sent.headers["Location"],
            "account": self.world.account,
            "decision": decision,
        }
        return str(self.world.sandbox.control("POST", "authorize", asked | more)["redirect"])

    def connect(self, link: str, decision: str = "allow", **more: Any) -> httpx.Response:
        return self.browser.get(self.decide(self.click(link), decision, **more))

    def arrives(self, link: str) -> dict[str, str]:
        """Connects; what the success URL is called with."""
        landed = self.connect(link)
        assert landed.status_code == 302, landed.text
        assert landed.headers["Location"].startswith(SUCCESS.partition("?")[0])
        return query(landed.headers["Location"])

    def fails(self, landed: httpx.Response) -> dict[str, str]:
        """What the failure URL is called with."""
        assert landed.status_code == 302, landed.text
        assert landed.headers["Location"].startswith(FAILURE.partition("?")[0])
        return query(landed.headers["Location"])


@dataclass
class Stage:
    portal: str
    world: World
    a: Company
    b: Company
    person: Person

    def consents(self) -> list[dict[str, Any]]:
        """What the wearable's settings page lists for this person."""
        listed = self.world.sandbox.control("GET", f"accounts/{self.world.account}")
        return list(listed["consents"])

    def log(self, company: Company) -> list[tuple[UUID, str, str]]:
        rows = company.environment.revocations.order_by("recorded_at")
        return list(rows.values_list("user_id", "kind", "door"))


def eventually(look: Callable[[], _T], seconds: float = 5) -> _T:
    """What `look` finds as soon as it finds something."""
    wait_until(lambda: bool(look()), seconds)
    return look()
