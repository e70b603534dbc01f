"""The door to companies' servers: public addresses only, no redirects, one total deadline."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import TracebackType
from typing import NamedTuple, Self

import httpx
from django.conf import settings

from developers.webhooks.line import Line, Reply, StaleError
from developers.webhooks.sockets import CallError, DeadlineError, Origin
from terra_portal import clock
from terra_portal.network import refuse_in_transaction

EXCERPT = 500
PORTS = {"http": 80, "https": 443}
# How many connections wait for another request, of all origins together.
MOST_IDLE = 64
LONGEST_WAIT = timedelta(days=1)
# What the door says itself.
OWN_HEADERS = frozenset({"host", "connection", "content-length", "transfer-encoding", "te"})
USUAL_HEADERS = {"User-Agent": "Terra-Portal", "Accept": "*/*", "Accept-Encoding": "identity"}
# RFC 9110 §5: a name is a token, a value one line.
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


@dataclass(frozen=True)
class Answer:
    """What a server answered; without a status, `error` says in a few words what went wrong."""

    status: int | None = None
    excerpt: str = ""
    error: str = ""
    # How long the server asks to be left alone: from nothing to LONGEST_WAIT.
    retry_after: timedelta | None = None

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(
    url: str, *, body: bytes, headers: Mapping[str, str], deadline: float | None = None
) -> Answer:
    """Sends once, on a connection of its own; see `Door.post`."""
    with Door() as door:
        seconds = settings.WEBHOOK_DEADLINE_SECONDS if deadline is None else deadline
        return door.post(url, body=body, headers=headers, deadline=seconds)


class Door:
    """Keeps connections per origin between requests; for any number of threads of one process.

    Not to be carried over a fork: two processes would talk on one connection.
    """

    def __init__(self, *, most_idle: int = MOST_IDLE) -> None:
        self._most_idle = most_idle
        self._lock = threading.Lock()
        self._closed = False
        # Those that wait, the one that waits longest first.
        self._idle: OrderedDict[Line, None] = OrderedDict()
        self._of: dict[Origin, list[Line]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends what waits at once, and what is in use when its answer is there."""
        with self._lock:
            self._closed = True
            waiting, self._idle, self._of = list(self._idle), OrderedDict(), {}
        for line in waiting:
            line.close()

    def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        deadline: float,
        on_wait: Callable[[], None] = lambda: None,
    ) -> Answer:
        """One request, within `deadline` seconds for all of it: name, connection, TLS, answer.

        Never raises for what the server does. The server gets it at most once per call: a kept
        connection that ended before it took a byte is replaced by a new one within the call; one
        that breaks off later, with an unknown outcome, fails the call. An address is vetted
        whenever a connection is opened to it. `on_wait` is called, perhaps several times, where
        the network takes its time. Raises NetworkInTransactionError inside a transaction.
        """
        refuse_in_transaction()
        ends_at = time.monotonic() + deadline
        try:
            place = _place(url)
            request = _request(place, headers, body)
            return _answer(self._ask(place.origin, request, ends_at, on_wait))
        except DeadlineError:
            return Answer(error=f"no answer within {deadline:g} seconds")
        except CallError as error:
            return Answer(error=str(error))

    def _ask(
        self, origin: Origin, request: bytes, ends_at: float, on_wait: Callable[[], None]
    ) -> Reply:
        for line in self._lines(origin, ends_at, on_wait):
            try:
                reply = line.ask(request, ends_at=ends_at, on_wait=on_wait)
            except StaleError:
                line.close()
                continue
            except BaseException:
                line.close()
                raise
            self._give_back(line)
            return reply
        raise CallError("the connection broke off")

    def _lines(self, origin: Origin, ends_at: float, on_wait: Callable[[], None]) -> Iterator[Line]:
        """A connection that waits, another where that one has ended, and in the end a new one."""
        while line := self._take(origin):
            if line.is_fit():
                yield line
            else:
                line.close()
        on_wait()
        yield Line(origin, ends_at=ends_at)

    def _take(self, origin: Origin) -> Line | None:
        """The one that was used last: it is the least likely to have ended."""
        with self._lock:
            line = self._of[origin].pop() if self._of.get(origin) else None
            if line:
                self._idle.pop(line)
            if not self._of.get(origin):
                self._of.pop(origin, None)
        return line

    def _give_back(self, line: Line) -> None:
        now, over = time.monotonic(), []
        with self._lock:
            if line.good_until > now and not self._closed:
                self._idle[line] = None
                self._of.setdefault(line.origin, []).append(line)
            else:
                over.append(line)
            while self._idle and (len(self._idle) > self._most_idle or self._oldest_ended(now)):
                oldest, _ = self._idle.popitem(last=False)
                self._of[oldest.origin].remove(oldest)
                if not self._of[oldest.origin]:
                    del self._of[oldest.origin]
                over.append(oldest)
        for ended in over:
            ended.close()

    def _oldest_ended(self, now: float) -> bool:
        return next(iter(self._idle)).good_until <= now


class _Place(NamedTuple):
    """What a URL says of a request."""

    origin: Origin
    target: str
    host: str


@lru_cache(maxsize=4096)
def _place(url: str) -> _Place:
    """Raises CallError for what cannot be sent to."""
    try:
        parsed = httpx.URL(url)
        unfit = parsed.scheme not in PORTS or not parsed.host
    except (httpx.InvalidURL, UnicodeError):
        unfit = True
    if unfit:
        raise CallError("the address cannot be sent to")
    host, port = parsed.raw_host.decode("ascii"), parsed.port or PORTS[parsed.scheme]
    origin = Origin(parsed.scheme, host, port)
    return _Place(origin, parsed.raw_path.decode("ascii"), parsed.netloc.decode("ascii"))


def _request(place: _Place, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of it. Raises CallError for a header that is none."""
    if not all(map(NAME.fullmatch, headers)) or not all(map(VALUE.fullmatch, headers.values())):
        raise CallError("one of the headers cannot be sent")
    names = {name: name.lower() for name in headers}
    said = OWN_HEADERS.union(names.values())
    own = {"Host": place.host, "Content-Length": str(len(body))}
    usual = {name: value for name, value in USUAL_HEADERS.items() if name.lower() not in said}
    theirs = {name: headers[name] for name, lower in names.items() if lower not in OWN_HEADERS}
    lines = [f"{name}: {value}\r\n" for name, value in (own | usual | theirs).items()]
    try:
        return f"POST {place.target} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + body
    except UnicodeError:
        raise CallError("one of the headers cannot be sent") from None


def _answer(reply: Reply) -> Answer:
    error = "redirects are not followed" if 300 <= reply.status < 400 else ""
    text = reply.body.decode("utf-8", "replace").replace("\x00", "")
    return Answer(reply.status, text[:EXCERPT], error, retry_after(reply.headers))


def retry_after(headers: Mapping[bytes, bytes]) -> timedelta | None:
    """RFC 9110 §10.2.3: seconds, or a date; within bounds. None where it says neither."""
    text = headers.get(b"retry-after", b"").decode("ascii", "replace").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        wait = timedelta(seconds=int(text))
    elif (until := _date(text)) is not None:
        wait = until - clock.now()
    else:
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
