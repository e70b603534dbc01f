"""One connection to a company's server, which carries one request after another."""

import re
import select
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

import h11

from developers.webhooks.sockets import CallError, DeadlineError, Origin, connect, left

MOST_READ = 65_536
CHUNK = 65_536
# Shorter than the time after which common servers close an idle connection (2 s and more): what
# crosses a server's closing on the way is lost with an unknown outcome.
IDLE_SECONDS = 1.5
# An answer that comes so soon is waited for on the spot.
SOON_MS = 1

# What h11 needs to know of a request to read its answer: that it is a POST. The bytes of the real
# one come ready made, which takes a third of the time.
_ASKED = h11.Request(method=b"POST", target=b"/", headers=[(b"host", b"-")])
_END = h11.EndOfMessage()


class StaleError(CallError):
    """The connection had ended before it took a single byte of the request."""


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[bytes, bytes]
    # The beginning of it, at most MOST_READ bytes.
    body: bytes


class Line:
    """For one caller at a time. Opened, and its address vetted, when it is made."""

    def __init__(self, origin: Origin, *, ends_at: float) -> None:
        self.origin = origin
        self.good_until = 0.0
        self._used = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_READ)
        self._socket = connect(origin, ends_at=ends_at)
        self._socket.setblocking(False)
        self._heard = select.poll()
        self._heard.register(self._socket, select.POLLIN)

    def ask(
        self, request: bytes, *, ends_at: float, on_wait: Callable[[], None] = lambda: None
    ) -> Reply:
        """Sends this POST once, and never twice. The status of the answer decides: its body may
        break off or be endless.

        Calls `on_wait` where the answer takes its time. Raises StaleError where nothing was sent,
        otherwise CallError where no status came.
        """
        self.good_until = 0.0
        self._send(request, ends_at)
        self._used = True
        if not self._heard.poll(SOON_MS):
            on_wait()
        reply = self._status(ends_at)
        return Reply(reply.status_code, dict(reply.headers), self._body(reply, ends_at))

    def is_fit(self) -> bool:
        """Whether it may carry another request: it is not too old, and the server is silent.

        Whatever a server sends unasked, its closing above all, makes a connection unfit.
        """
        if time.monotonic() >= self.good_until:
            return False
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return False
        return not self._heard.poll(0)

    def close(self) -> None:
        self.good_until = 0.0
        self._socket.close()

    def _send(self, request: bytes, ends_at: float) -> None:
        self._http.send(_ASKED)
        self._http.send(_END)
        waiting = memoryview(request)
        taken = 0
        while taken < len(waiting):
            try:
                taken += self._socket.send(waiting[taken:])
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(select.POLLOUT, ends_at)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, ends_at)
            except OSError:
                if self._used and not taken:
                    raise StaleError("the connection had ended") from None
                # A server may answer, and close, before it has read all.
                return

    def _status(self, ends_at: float) -> h11.Response:
        while True:
            event = self._next(ends_at)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                raise CallError("the answer was not HTTP")

    def _body(self, reply: h11.Response, ends_at: float) -> bytes:
        read = bytearray()
        try:
            while len(read) < MOST_READ:
                event = self._next(ends_at)
                if isinstance(event, h11.EndOfMessage):
                    self._keep(reply)
                    break
                if not isinstance(event, h11.Data):
                    break
                read += event.data
        except CallError:
            pass
        return bytes(read[:MOST_READ])

    def _next(self, ends_at: float) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        ended = False
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = self._read(ends_at)
                ended = not data
                self._http.receive_data(data)
        except OSError:
            raise CallError("the connection broke off") from None
        except h11.RemoteProtocolError:
            words = "the connection broke off" if ended else "the answer was not HTTP"
            raise CallError(words) from None
        return event

    def _read(self, ends_at: float) -> bytes:
        """Bytes, or none at the end of the connection."""
        while True:
            left(ends_at)
            try:
                return self._socket.recv(CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(select.POLLIN, ends_at)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, ends_at)

    def _wait(self, event: int, ends_at: float) -> None:
        ready = select.poll()
        ready.register(self._socket, event)
        if not ready.poll(left(ends_at) * 1000):
            raise DeadlineError("the total deadline has passed")

    def _keep(self, reply: h11.Response) -> None:
        """Good for another request, unless either side ends here or the server said too much."""
        ready = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if ready and not self._http.trailing_data[0]:
            self._http.start_next_cycle()
            self.good_until = time.monotonic() + _idle_seconds(dict(reply.headers))


def _idle_seconds(headers: dict[bytes, bytes]) -> float:
    """Half of what the server announced, where that is shorter."""
    announced = re.search(rb"timeout=(\d{1,6})", headers.get(b"keep-alive", b""))
    return min(IDLE_SECONDS, int(announced[1]) / 2) if announced else IDLE_SECONDS
