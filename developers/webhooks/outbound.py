"""The door to companies' servers: public addresses only, no redirects, one total deadline."""

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
from django.conf import settings

from developers.webhooks.addresses import is_reachable
from terra_portal import deadline
from terra_portal.network import refuse_in_transaction

MOST_READ = 65_536
EXCERPT = 500


@dataclass(frozen=True)
class Answer:
    """What a server answered; without a status, `error` says in a few words what went wrong."""

    status: int | None = None
    excerpt: str = ""
    error: str = ""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class NotPublicError(httpcore.ConnectError):
    """The host leads to no address that a webhook may reach."""


class NotFoundError(httpcore.ConnectError):
    """The host has no address."""


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Sends once. Never raises for what the server does, and never lasts beyond the deadline.

    Raises NetworkInTransactionError inside a transaction.
    """
    refuse_in_transaction()
    sent = {"user-agent": "Terra-Portal", "accept-encoding": "identity", **headers}
    client = deadline.client(settings.WEBHOOK_DEADLINE_SECONDS, inner=PublicBackend())
    try:
        with client, client.stream("POST", url, content=body, headers=sent) as response:
            refused = "redirects are not followed" if response.is_redirect else ""
            return Answer(response.status_code, _excerpt(response), refused)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Answer(error=_in_words(error))


class PublicBackend(httpcore.SyncBackend):
    """Resolves a host once and connects to the very address that was vetted."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = timeout or settings.WEBHOOK_DEADLINE_SECONDS
        ends_at = time.monotonic() + seconds
        failure: httpcore.NetworkError | httpcore.TimeoutException
        failure = NotPublicError("not a public address")
        for address in _vetted(_resolve(host, port, seconds)):
            left = ends_at - time.monotonic()
            if left <= 0:
                raise httpcore.ConnectTimeout("the total deadline has passed")
            try:
                return super().connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _vetted(addresses: Iterable[str]) -> Iterator[str]:
    return (text for text in addresses if is_reachable(ipaddress.ip_address(text)))


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """The host's addresses; a name server that does not answer is left to a thread of its own."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(type(error).__name__))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise httpcore.ConnectTimeout("the name server did not answer") from None
    if isinstance(answer, OSError):
        raise NotFoundError("the name has no address")
    return answer


def _excerpt(response: httpx.Response) -> str:
    """The beginning of the body. The status has decided already, so a body may break off."""
    read = b""
    try:
        for chunk in response.iter_raw():
            read += chunk
            if len(read) >= MOST_READ:
                break
    except httpx.HTTPError:
        pass
    return read[:MOST_READ].decode("utf-8", "replace").replace("\x00", "")[:EXCERPT]


def _in_words(error: Exception) -> str:
    """Said to the company: never an address that its host name leads to, nor our own insides."""
    for cause in _causes(error):
        if isinstance(cause, NotPublicError):
            return "not a public address"
        if isinstance(cause, NotFoundError):
            return "the host name has no address"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"TLS certificate refused: {cause.verify_message}"[:200]
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {settings.WEBHOOK_DEADLINE_SECONDS:g} seconds"
    if isinstance(error, httpx.ConnectError):
        return "connection refused or unreachable"
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return "the connection broke off"
    return "the address cannot be sent to"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
