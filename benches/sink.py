"""A quick server that takes webhooks, as a process of its own: `python -m benches.sink`.

POST /arm {"expected": n} forgets what was and waits for n arrivals under /good/. What comes under
/hang/ gets no answer until these are there, and a 503 from then on. GET /arrivals says when each
came, by the clock that all processes of a machine share (`time.monotonic()`).
"""

import asyncio
import json
import sys
import time
from contextlib import suppress

HEAD_ENDS = b"\r\n\r\n"
THANKS = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


class Book:
    """What has arrived, and who still waits for an answer."""

    def __init__(self) -> None:
        self.expected = 0
        self.arrivals: dict[str, float] = {}
        self.waiting: list[asyncio.Transport] = []

    def arm(self, expected: int) -> None:
        self.release()
        self.expected, self.arrivals = expected, {}

    def arrived(self, path: str) -> None:
        self.arrivals.setdefault(path, time.monotonic())
        if self.is_complete():
            self.release()

    def is_complete(self) -> bool:
        return len(self.arrivals) >= self.expected

    def release(self) -> None:
        waiting, self.waiting = self.waiting, []
        for transport in waiting:
            transport.write(BUSY)


class Caller(asyncio.Protocol):
    """One connection, one request after another."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(HEAD_ENDS)) >= 0:
            head = self._read[:end]
            _, found, rest = head.lower().partition(b"content-length:")
            length = int(rest.split(b"\r\n")[0]) if found else 0
            whole = end + len(HEAD_ENDS) + length
            if len(self._read) < whole:
                return
            body, self._read = self._read[whole - length : whole], self._read[whole:]
            self._answer(head.split(b" ", 2)[1].decode(), body)

    def _answer(self, path: str, body: bytes) -> None:
        book = self._book
        if path == "/arrivals":
            said = json.dumps(book.arrivals).encode()
            self._transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said) + said
            )
            return
        if path == "/arm":
            book.arm(json.loads(body)["expected"])
        elif path.startswith("/good/"):
            book.arrived(path)
        elif path.startswith("/hang/"):
            if book.is_complete():
                self._transport.write(BUSY)
            else:
                book.waiting.append(self._transport)
            return
        self._transport.write(THANKS)


async def serve() -> None:
    """Says its port on the first line; ends when its input ends, so that it outlives nobody."""
    loop, book = asyncio.get_running_loop(), Book()
    server = await loop.create_server(lambda: Caller(book), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve())
