"""HTTP with one total deadline: a peer that drips a byte at a time cannot hold us longer."""

import ssl
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import httpcore
import httpx


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose every read and write must end before the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, ends_at: float) -> None:
        self._stream = stream
        self._ends_at = ends_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._left(httpcore.ConnectTimeout)
        return DeadlineStream(
            self._stream.start_tls(ssl_context, server_hostname, left), self._ends_at
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, error: type[httpcore.TimeoutException]) -> float:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise error("the total deadline has passed")
        return left


class DeadlineBackend(httpcore.NetworkBackend):
    """Opens connections that end at the deadline, `seconds` after this object was made."""

    def __init__(self, seconds: float, inner: httpcore.NetworkBackend | None = None) -> None:
        self._ends_at = time.monotonic() + seconds
        self._inner = inner or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = max(self._ends_at - time.monotonic(), 0.001)
        stream = self._inner.connect_tcp(host, port, left, local_address, socket_options)
        return DeadlineStream(stream, self._ends_at)


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """The trusted authorities, read once."""
    return httpx.create_ssl_context()


def client(seconds: float, *, inner: httpcore.NetworkBackend | None = None) -> httpx.Client:
    """A client for one exchange: no redirects, nothing taken from the process environment."""
    transport = httpx.HTTPTransport(verify=tls(), trust_env=False)
    transport._pool = httpcore.ConnectionPool(
        ssl_context=tls(), network_backend=DeadlineBackend(seconds, inner)
    )
    return httpx.Client(
        transport=transport, timeout=seconds, follow_redirects=False, trust_env=False
    )
