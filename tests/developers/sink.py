"""A company's server: takes webhooks over real HTTP and answers as told."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook
from terra.utils.verify_signature import verify_terra_webhook_signature


@dataclass(frozen=True)
class Arrival:
    headers: dict[str, str]
    body: bytes

    def verify(self, secret: str) -> None:
        """By Terra's and Standard Webhooks' own packages; raises if either objects."""
        signature = self.headers["terra-signature"]
        assert verify_terra_webhook_signature(self.body.decode(), signature, secret)
        Webhook(secret).verify(self.body.decode(), self.headers)


@dataclass
class Sink:
    """`status` and `delay` may be changed between requests; `drip` sends bytes for ever."""

    url: str = ""
    status: int = 200
    delay: float = 0.0
    drip: bool = False
    answer: bytes = b"thank you"
    location: str = ""
    arrivals: list[Arrival] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def sink() -> Iterator[Sink]:
    """A server on a free port of loopback, for as long as the block lasts."""
    told = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            names = {name.lower(): value for name, value in self.headers.items()}
            told.arrivals.append(Arrival(names, body))
            told.stopping.wait(told.delay)
            self.send_response(told.status)
            if told.location:
                self.send_header("location", told.location)
            self.end_headers()
            self.wfile.write(told.answer)
            while told.drip and not told.stopping.is_set():
                self.wfile.write(b".")
                time.sleep(0.05)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield told
    finally:
        told.stopping.set()
        server.shutdown()
        server.server_close()
