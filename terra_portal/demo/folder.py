"""What the demo keeps in its folder, and that one demo at a time uses it."""

import fcntl
import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

DATA = ("portal.sqlite3*", "sandbox", "mail", "staticfiles", "staticfiles.json")
PATIENCE_SECONDS = 3.0


class BusyError(Exception):
    """Something that the demo needs is in use; the text says what to do."""


@contextmanager
def alone() -> Iterator[None]:
    """Raises BusyError while another demo runs on the same folder."""
    path = Path(settings.VAR_DIR) / "demo.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"Another demo is running on {settings.VAR_DIR}. Stop it, or set PORTAL_VAR to "
                "another folder."
            ) from None
        yield


def empty() -> None:
    """Deletes the demo's data. The keys stay: this very process has read them."""
    for pattern in DATA:
        for path in Path(settings.VAR_DIR).glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def remember_ports() -> None:
    """So that `./run manage` makes links to the demo that runs, whatever its ports."""
    ports = {name: str(getattr(settings, name)) for name in ("PORTAL_PORT", "SANDBOX_PORT")}
    (Path(settings.VAR_DIR) / "ports.json").write_text(json.dumps(ports))


def claim_ports() -> None:
    """Raises BusyError for a port in use. What a killed demo left behind gets a moment to end."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    for name, what in (("PORTAL_PORT", "the portal"), ("SANDBOX_PORT", "the sandbox")):
        port = getattr(settings, name)
        while not _is_free(port):
            if time.monotonic() > give_up:
                raise BusyError(
                    f"Port {port}, which {what} needs, is in use. Set {name} to a free one: "
                    f"{name}={port + 10} ./run demo"
                )
            time.sleep(0.2)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
