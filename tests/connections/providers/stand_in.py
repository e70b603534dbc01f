"""A small server in a provider's place: it answers what a test lays down and keeps the asking."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connections.providers import REGISTRY, Credentials, WearableProvider
from connections.providers.answers import Held

CLIENT_ID, SECRET = "our-app", "s3cr3t"
NOTICE_URL = "https://portal.example/hooks/maker/secret-path/"
HELD = Held("access-1", "refresh-1", "person-1")


@dataclass(frozen=True)
class Asked:
    """One request; `what` is its method, host and path."""

    what: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return _single(self.body.decode())

    @property
    def bearer(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    said: Any = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        return self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()

    @property
    def content_type(self) -> str:
        return "text/plain" if isinstance(self.said, bytes) else "application/json"


class StandIn(ThreadingHTTPServer):
    """All hosts of a provider at one address, told apart by the first part of the path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.asked: list[Asked] = []
        self._laid_down: dict[str, list[Answer]] = {}
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def hosts(self) -> dict[str, str]:
        return {"*": f"http://127.0.0.1:{self.server_port}/{{host}}"}

    def answers(self, what: str, *said: Any, status: int = 200) -> None:
        """Lays down answers to `METHOD host/path`, one after the other; the last one stays."""
        ready = [one if isinstance(one, Answer) else Answer(one, status) for one in said]
        self._laid_down[what] = ready

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        ready = self._laid_down.get(asked.what, [])
        if not ready:
            return Answer({"unexpected": asked.what}, 418)
        return ready.pop(0) if len(ready) > 1 else ready[0]

    @property
    def order(self) -> list[str]:
        return [asked.what for asked in self.asked]


class _Answering(BaseHTTPRequestHandler):
    def _any(self) -> None:
        assert isinstance(self.server, StandIn)
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = f"{self.command} {url.path.lstrip('/')}"
        answer = self.server.answer(Asked(what, _single(url.query), dict(self.headers), body))
        self.send_response(answer.status)
        for name, value in ({"Content-Type": answer.content_type} | {**answer.headers}).items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.status != 204:
            self.wfile.write(answer.body)

    do_GET = do_POST = do_DELETE = do_PUT = _any

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _single(text: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def provider(name: str, **more: Any) -> WearableProvider:
    """A simulated application of ours at this provider."""
    given = {"notice_url": NOTICE_URL, "simulated": True} | more
    return REGISTRY[name](Credentials(name, CLIENT_ID, SECRET, **given))
