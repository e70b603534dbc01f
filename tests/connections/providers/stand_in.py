"""A maker's servers in small: answers as told over real HTTP, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.db import connections as databases

from connections.providers import WearableProvider, build
from connections.providers.answers import Credentials

CLIENT_SECRET = "s3cr3t"
NOTICE_URL = "https://portal.example/hooks/maker/hook-id/"
NO_CONTENT = 204


@dataclass(frozen=True)
class Call:
    """`path` begins with the real host's name, as the stand-in's addresses do."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    """A body of bytes goes out as it is: a page where it looks like one, else plain words."""

    said: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        if self.status == NO_CONTENT:
            return b""
        return self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()

    @property
    def content_type(self) -> str:
        if not isinstance(self.said, bytes):
            return "application/json"
        return "text/html" if self.said.lstrip().startswith(b"<") else "text/plain"


def nothing(call: Call) -> None:
    pass


@dataclass
class StandIn:
    """What is not `set` is 404. Several answers set for one call come in turn; the last stays.

    `meanwhile` happens while the caller waits.
    """

    url: str = ""
    meanwhile: Callable[[Call], None] = nothing
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    @property
    def hosts(self) -> dict[str, str]:
        """The setting that leads a simulated client here."""
        return {"*": f"{self.url}/{{host}}"}

    def set(self, call: str, *bodies: Any, status: int = 200) -> None:
        """`call` is like `GET api.maker.example/v1/me`; each body may be an Answer of its own."""
        self.answers[call] = [
            body if isinstance(body, Answer) else Answer(body, status) for body in bodies
        ]

    def asked(self) -> list[str]:
        return [f"{call.method} {call.path}" for call in self.calls]


@contextmanager
def running() -> Iterator[StandIn]:
    """A server on a free port of loopback, for as long as the block lasts."""
    told = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = parts.path.removeprefix("/")
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, path, dict(parse_qsl(parts.query)), headers, body)
            told.calls.append(call)
            try:
                told.meanwhile(call)
            finally:
                databases.close_all()  # this thread's own
            turns = told.answers.get(f"{self.command} {path}") or [Answer(b"", 404)]
            turn = turns.pop(0) if len(turns) > 1 else turns[0]
            self.send_response(turn.status)
            for name, value in {"content-type": turn.content_type, **turn.headers}.items():
                self.send_header(name, value)
            if turn.status != NO_CONTENT:
                self.send_header("content-length", str(len(turn.body)))
            self.end_headers()
            self.wfile.write(turn.body)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


def simulated(provider: str, client_id: str, **more: Any) -> WearableProvider:
    """The provider's classes with an application that lives at the stand-in."""
    usual: dict[str, Any] = {
        "client_secret": CLIENT_SECRET,
        "notice_url": NOTICE_URL,
        "simulated": True,
    }
    return build(Credentials(provider, client_id, **(usual | more)))
