"""Opens connections to companies' servers: to public addresses only, and in time."""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from developers.webhooks.addresses import is_reachable
from terra_portal import deadline

# How many of a host's addresses are tried.
MOST_ADDRESSES = 6


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int


class CallError(Exception):
    """No answer came. The text is said to the company: it names no address that its host leads
    to, and nothing of our insides."""


class DeadlineError(CallError):
    """The time for the whole call is over."""


def connect(origin: Origin, *, ends_at: float) -> socket.socket:
    """A connection to the very address that was vetted, with TLS where the origin asks for it.

    Resolves the host once. `ends_at` is a time of `time.monotonic()`. Raises CallError.
    """
    dialled = _dial(origin.host, origin.port, ends_at)
    if origin.scheme == "http":
        return dialled
    try:
        dialled.settimeout(left(ends_at))
        return _tls().wrap_socket(dialled, server_hostname=origin.host)
    except BaseException as error:
        dialled.close()
        raise _in_words(error) from error


def left(ends_at: float) -> float:
    """The seconds until then; raises DeadlineError where none are left."""
    seconds = ends_at - time.monotonic()
    if seconds <= 0:
        raise DeadlineError("the total deadline has passed")
    return seconds


def _tls() -> ssl.SSLContext:
    context = deadline.tls()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _in_words(error: BaseException) -> BaseException:
    if isinstance(error, TimeoutError):
        return DeadlineError("the total deadline has passed")
    if isinstance(error, ssl.SSLCertVerificationError):
        return CallError(f"TLS certificate refused: {error.verify_message}"[:200])
    if isinstance(error, ssl.SSLError | ValueError):
        return CallError("TLS failed")
    if isinstance(error, OSError):
        return CallError("the connection broke off")
    return error


def _dial(host: str, port: int, ends_at: float) -> socket.socket:
    """One address after the other; each but the last may take half of the time that is left."""
    found = [text for text in _addresses(host, port, ends_at) if _may_reach(text)]
    addresses = found[:MOST_ADDRESSES]
    if not addresses:
        raise CallError("not a public address")
    for address in addresses:
        seconds = left(ends_at)
        patience = seconds if address == addresses[-1] else seconds / 2
        try:
            return _vetted(socket.create_connection((address, port), patience))
        except OSError:
            continue
    left(ends_at)
    raise CallError("connection refused or unreachable")


def _may_reach(address: str) -> bool:
    return is_reachable(ipaddress.ip_address(address))


def _vetted(connected: socket.socket) -> socket.socket:
    """Asked once more of the connection itself: what counts is where the bytes go."""
    try:
        peer = str(connected.getpeername()[0])
    except OSError:
        connected.close()
        raise
    if not _may_reach(peer):
        connected.close()
        raise CallError("not a public address")
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected


def _addresses(host: str, port: int, ends_at: float) -> Sequence[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return _resolve(host, port, left(ends_at))


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """The host's addresses; a name server that does not answer is left to a thread of its own."""
    answers: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError):
            answers.put(None)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise DeadlineError("the name server did not answer") from None
    if answer is None:
        raise CallError("the host name has no address")
    return answer
