"""A server told byte by byte what to answer, which counts connections and requests."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass(frozen=True)
class Request:
    connection: int
    head: bytes
    body: bytes


@dataclass
class Peer:
    """`answer` is asked for each request; None closes the connection instead."""

    port: int
    answer: Callable[[Request], bytes | None] = lambda request: OK
    # Whether a connection ends, without a word, after each answer; `resets` has it end hard.
    closes: bool = False
    resets: bool = False
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    # One connection has ended, seen from here.
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def bodies(self) -> list[bytes]:
        return [request.body for request in self.requests]

    def serve(self, caller: socket.socket, number: int) -> None:
        with caller, caller.makefile("rb") as stream, suppress(OSError):
            while request := self._read(stream, number):
                self.requests.append(request)
                said = self.answer(request)
                if said is not None:
                    caller.sendall(said)
                if said is None or self.closes:
                    break
            if self.resets:
                hard = struct.pack("ii", 1, 0)
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
        self.ended.set()

    def _read(self, stream: BinaryIO, number: int) -> Request | None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return None
            head += line
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return Request(number, head, stream.read(length))


@contextmanager
def peer(tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """A Peer on a free port of loopback, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = Peer(listening.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = listening.accept()
                    told.connections += 1
                    number = told.connections
                    threading.Thread(target=serve, args=(caller, number), daemon=True).start()

        def serve(caller: socket.socket, number: int) -> None:
            with suppress(OSError):
                spoken = tls.wrap_socket(caller, server_side=True) if tls else caller
                told.serve(spoken, number)

        threading.Thread(target=accept, daemon=True).start()
        yield told
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
