"""The demo as a real process, on SQLite and its own broker, driven over HTTP."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests

from tests.sandbox.process import ROOT, free_port

READY = "Ctrl-C stops it"
START_SECONDS = 120
STOP_SECONDS = 15
# What the tests' own process says of itself, and the demo must not hear.
OURS = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "CELERY_BROKER_URL", "PUBLIC_BASE_URL"}
OURS |= {"SECRET_KEY", "ENCRYPTION_KEYS", "ALLOWED_HOSTS", "CACHE_URL", "CONN_MAX_AGE"}

_T = TypeVar("_T")


@dataclass
class Demo:
    folder: Path
    portal_port: int = field(default_factory=free_port)
    sandbox_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.lines: list[str] = []

    @property
    def portal(self) -> str:
        return f"http://127.0.0.1:{self.portal_port}"

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        return kept | {"TERRA_PORTAL_DEMO": "1", "PORTAL_VAR": str(self.folder)}

    def launch(self, *arguments: str) -> None:
        ports = {"PORTAL_PORT": str(self.portal_port), "SANDBOX_PORT": str(self.sandbox_port)}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", *arguments],
            cwd=ROOT,
            env=self.environment | ports,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    @property
    def slugs(self) -> list[str]:
        """Of the two companies that it begins with."""
        return re.findall(r"/inbox/([\w-]+)/ ", self.said)

    def start(self, *arguments: str) -> float:
        """Seconds until it said where to go."""
        began = time.monotonic()
        self.launch(*arguments)
        while READY not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() - began < START_SECONDS, self.said
            time.sleep(0.05)
        return time.monotonic() - began

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.wait(), time.monotonic() - began

    def wait(self) -> int:
        try:
            code = self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
        self._reader.join(STOP_SECONDS)
        return code

    def command(self, *arguments: str) -> dict[str, Any]:
        """`./run manage … --json` in another process; without the demo's ports in its shell."""
        done = self.run_command(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def run_command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def control(self, method: str, path: str, body: Any = None) -> Any:
        key = json.loads((self.folder / "keys.json").read_text())["SANDBOX_CONTROL_KEY"]
        response = requests.request(
            method,
            f"{self.sandbox}/control/{path}",
            json=body,
            headers={"X-Sandbox-Control": key},
            timeout=20,
        )
        response.raise_for_status()
        return response.json()

    def inbox(self, slug: str, kind: str = "") -> list[dict[str, Any]]:
        """What arrived there, oldest first; only events of that type where one is named."""
        found: list[dict[str, Any]] = self.control("GET", f"inboxes/{slug}/events")
        return [one for one in found if kind in ("", one["payload"]["type"])]


@dataclass
class Company:
    """One that was made beside the running demo, with an inbox of its own at the sandbox."""

    demo: Demo
    name: str

    def __post_init__(self) -> None:
        owner = f"{self.name}-{secrets.token_hex(4)}@example.org"
        password = "spring-tide-42"
        made = self.demo.command(
            "create_company", self.name, "--owner", owner, "--password", password
        )
        self.slug: str = made["company"]
        self.dev_id: str = made["environments"]["testing"]["dev_id"]
        self.api_key: str = made["environments"]["testing"]["api_key"]
        hook = f"{self.demo.sandbox}/inbox/{self.slug}/hook/"
        added = self.demo.command("add_destination", self.dev_id, hook)
        self.demo.control("PUT", f"inboxes/{self.slug}", {"secret": added["signing_secret"]})

    def api(self, method: str, path: str, **more: Any) -> requests.Response:
        credentials = {"dev-id": self.dev_id, "x-api-key": self.api_key}
        return requests.request(
            method, f"{self.demo.portal}/v2{path}", headers=credentials, timeout=20, **more
        )

    def link(self, reference_id: str) -> str:
        body = {
            "reference_id": reference_id,
            "auth_success_redirect_url": "http://127.0.0.1:9/welcome?from=mail",
        }
        answer = self.api("POST", "/auth/generateWidgetSession", json=body)
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["url"])

    def told(self, kind: str) -> list[dict[str, Any]]:
        """All events of that type, as soon as there is one."""
        return eventually(lambda: self.demo.inbox(self.slug, kind))


def connect(
    company: Company, account: str, reference_id: str, wearable: str = "sandbox"
) -> dict[str, str]:
    """A person with a browser: link, wearable, *Allow*, and back; the answers on the landing."""
    browser = requests.Session()
    page = browser.get(company.link(reference_id), timeout=20)
    assert page.status_code == 200
    start = re.search(rf'action="([^"]*/start/{wearable}/)"', page.text, re.IGNORECASE)
    assert start, page.text
    sent = browser.post(
        company.demo.portal + start[1],
        allow_redirects=False,
        timeout=20,
    )
    asked = {"authorize_url": sent.headers["Location"], "account": account, "decision": "allow"}
    back = company.demo.control("POST", "authorize", asked)["redirect"]
    landed = browser.get(back, allow_redirects=False, timeout=20)
    address = urlsplit(landed.headers["Location"])
    return dict(part.split("=") for part in address.query.split("&"))


def eventually(look: Callable[[], _T | None], seconds: float = 5.0) -> _T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found
