"""An app of a developer: its OAuth client and the server that its notices go to."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from .process import Sandbox

REDIRECT = "http://127.0.0.1:9/callback"
VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]


def _new_id() -> str:
    return f"client-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Received:
    signature: str
    body: bytes
    at: float
    headers: dict[str, str] = field(default_factory=dict)
    path: str = ""

    @property
    def payload(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class NoticeServer(ThreadingHTTPServer):
    """Keeps what it is sent; the first ``failing`` posts are answered with 500.

    A test of the address by GET or HEAD is answered by ``tested``, with the query's parameters.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.received: list[Received] = []
        self.failing = 0
        self.heard_status = 204
        self.answer: Callable[[Received], int] = lambda received: self.heard_status
        self.tests: list[dict[str, str]] = []
        self.tested: Callable[[dict[str, str]], tuple[int, str]] = lambda asked: (404, "")
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/notices"

    def wait_for(self, count: int) -> Received:
        """Until so many have come; the latest of them."""
        wait_until(lambda: len(self.received) == count)
        return self.received[-1]


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, NoticeServer)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signature = self.headers["Sandbox-Signature"]
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(signature, body, time.time(), headers, self.path)
        self.server.received.append(received)
        fails = self.server.failing > 0
        self.server.failing -= 1
        self.send_response(500 if fails else self.server.answer(received))
        self.end_headers()

    def do_GET(self) -> None:
        assert isinstance(self.server, NoticeServer)
        asked = query(self.path)
        self.server.tests.append(asked)
        status, text = self.server.tested(asked)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(text.encode())

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class Company:
    sandbox: Sandbox
    notice_url: str = ""
    client_id: str = field(default_factory=_new_id)
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    account: str = field(default_factory=lambda: f"person {secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        registration = {
            "client_id": self.client_id,
            "client_secret": self.secret,
            "name": f"App {self.client_id}",
            "redirect_uris": [REDIRECT],
            "notice_url": self.notice_url,
        }
        self.sandbox.control("PUT", "clients", registration)

    def authorize_url(self, **changes: str | None) -> str:
        asked: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "activity sleep heartrate profile",
            "state": "s t&ate",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        kept = {name: value for name, value in asked.items() if value is not None}
        return f"{self.sandbox.url}/oauth/authorize?{urlencode(kept)}"

    def decide(self, decision: str = "allow", **more: Any) -> dict[str, str]:
        """The query that the redirect URL is called with."""
        asked = {"authorize_url": self.authorize_url(), "account": self.account, **more}
        answer = self.sandbox.control("POST", "authorize", {**asked, "decision": decision})
        assert answer["redirect"].startswith(f"{REDIRECT}?")
        return query(answer["redirect"])

    def token(self, form: dict[str, str], auth: tuple[str, str] | None = None) -> requests.Response:
        url, auth = f"{self.sandbox.url}/oauth/token", auth or (self.client_id, self.secret)
        return requests.post(url, data=form, auth=auth, timeout=20, allow_redirects=False)

    def exchange(self, code: str, **changes: str) -> requests.Response:
        form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
        return self.token({"grant_type": "authorization_code", **form})

    def connect(self, **more: Any) -> dict[str, Any]:
        answer = self.exchange(self.decide(**more)["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form)

    def revoke(self, token: str, auth: tuple[str, str] | None = None) -> requests.Response:
        url, auth = f"{self.sandbox.url}/oauth/revoke", auth or (self.client_id, self.secret)
        return requests.post(url, data={"token": token}, auth=auth, timeout=20)

    def me(self, tokens: dict[str, Any]) -> requests.Response:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        return requests.get(
            f"{self.sandbox.url}/v1/me", headers=bearer, timeout=20, allow_redirects=False
        )

    def press_revoke(self) -> int:
        asked = {"account": self.account, "client_id": self.client_id}
        return int(self.sandbox.control("POST", "revoke", asked)["revoked"])

    def signed(self, notice: Received) -> bool:
        timestamp = notice.signature.removeprefix("t=").partition(",")[0]
        signed = f"{timestamp}.".encode() + notice.body
        digest = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        return notice.signature == f"t={timestamp},v1={digest}"


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def wait_until(happens: Callable[[], bool], seconds: float = 8) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
