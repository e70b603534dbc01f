"""A maker's servers, as far as a test needs them: real HTTP, and a record of who asked for what."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    bearer: str
    body: str


Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


def all_is_well(call: Call) -> Answer:
    return 200, {"user_id": "somebody"}


class MakerServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.calls: list[Call] = []
        self.answer: Callable[[Call], Answer] = all_is_well
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def bearers(self) -> list[str]:
        """Whose tokens came, in order."""
        return [call.bearer for call in self.calls]


class _Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _take(self) -> None:
        assert isinstance(self.server, MakerServer)
        length = int(self.headers.get("Content-Length") or 0)
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        body = self.rfile.read(length).decode()
        call = Call(self.command, self.path, bearer, body)
        self.server.calls.append(call)
        status, said, *more = self.server.answer(call)
        content = b"" if said is None else json.dumps(said).encode()
        self.send_response(status)
        for name, value in more[0].items() if more else ():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = _take

    def log_message(self, format: str, *args: Any) -> None:
        pass
