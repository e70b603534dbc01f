"""The portal behind gunicorn, and whoever calls it over a connection that is kept.

As a program (`python -m benches.server …`) it keeps a gunicorn with these arguments, which ends
when its input ends, so that it outlives nobody.
"""

import http.client
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Self, TextIO

from django.conf import settings

from tools.environment import ROOT

START_SECONDS = 120
PIECE = 65_536
# One process, so that its memory is the server's. README.md runs four, each with as many threads.
OPTIONS = ("--workers", "1", "--threads", "4", "--keep-alive", "60", "--log-level", "warning")


class NotDoneError(Exception):
    """What was measured did not do its work, so its time says nothing."""


class Caller:
    """One kept connection, one request after another; sends an environment's credentials."""

    def __init__(
        self, port: int, credentials: Mapping[str, str] | None = None, *, patience: float = 600
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        # As everybody calls the portal: by its public name.
        self._headers = {"Host": settings.PUBLIC_HOST, **(credentials or {})}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def get(self, path: str) -> bytes:
        """The body. Raises NotDoneError unless it is a 200 and the connection stays open."""
        return self._ask(path).read()

    def drain(self, path: str) -> int:
        """Reads the body piece by piece, keeps none; returns how long it was."""
        answer, length = self._ask(path), 0
        while piece := answer.read(PIECE):
            length += len(piece)
        return length

    def _ask(self, path: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        if answer.status != 200 or answer.will_close:
            said = answer.read(500).decode(errors="replace")
            raise NotDoneError(f"{path} was answered with {answer.status}: {said}")
        return answer


@contextmanager
def serving() -> Iterator[int]:
    """The port of a server of its own, which is ready. Raises NotDoneError if it does not come."""
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryFile() as log:
        keeper = _start(listener, log)
        try:
            port: int = listener.getsockname()[1]
            _await_answer(keeper, port, log)
            yield port
        finally:
            keeper.communicate()


def peak(port: int) -> int:
    """The most memory that the server has had at once, in bytes."""
    with Caller(port) as caller:
        said: dict[str, int] = json.loads(caller.get("/bench/peak"))
        return said["bytes"]


def _start(listener: socket.socket, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    bind = f"fd://{listener.fileno()}"
    return subprocess.Popen(
        [sys.executable, "-m", "benches.server", "terra_portal.wsgi", "--bind", bind, *OPTIONS],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "benches.serving"},
        pass_fds=[listener.fileno()],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
    )


def _await_answer(keeper: "subprocess.Popen[bytes]", port: int, log: IO[bytes]) -> None:
    """The port takes connections from the first moment, but nobody answers until all is loaded."""
    deadline = time.monotonic() + START_SECONDS
    while keeper.poll() is None and time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException), Caller(port, patience=5) as caller:
            caller.get("/bench/bare")
            return
        time.sleep(0.1)
    log.seek(0)
    raise NotDoneError(f"the server did not come up.\n{log.read().decode(errors='replace')}")


def _keep(arguments: list[str]) -> None:
    descriptors = [
        int(argument.removeprefix("fd://")) for argument in arguments if argument[:5] == "fd://"
    ]
    gunicorn = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *arguments],
        stdin=subprocess.DEVNULL,
        pass_fds=descriptors,
    )
    try:
        while gunicorn.poll() is None and not _has_ended(sys.stdin):
            pass
    finally:
        gunicorn.terminate()
        gunicorn.wait()


def _has_ended(stream: TextIO) -> bool:
    """Nothing is ever written to it; waits for a while."""
    return bool(select.select([stream], [], [], 0.5)[0])


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _keep(sys.argv[1:])
