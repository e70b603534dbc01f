"""The sandbox as a real process, for whoever needs a wearable company."""

import os
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
READY = "sandbox ready on "
STOP_SECONDS = 10


@dataclass
class Sandbox:
    url: str
    control_key: str
    process: subprocess.Popen[str]

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """Call ``/control/<path>`` and return its JSON. Raises ``requests.HTTPError``."""
        response = requests.request(
            method,
            f"{self.url}/control/{path.lstrip('/')}",
            json=json,
            headers={"X-Sandbox-Control": self.control_key},
            timeout=30,
        )
        response.raise_for_status()
        return response.json()

    def stop(self) -> int:
        """End it as an operator would; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_sandbox(data_dir: Path, port: int | None = None) -> Sandbox:
    """Start the sandbox on that folder and wait until it listens."""
    key = secrets.token_hex(16)
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "connections.sandbox", "--port", str(port), "--data", str(data_dir)],
        cwd=ROOT,
        env={**os.environ, "SANDBOX_CONTROL_KEY": key},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(READY):
        process.kill()
        raise RuntimeError(f"the sandbox did not start: {line!r}, {process.communicate()}")
    return Sandbox(line.removeprefix(READY).strip(), key, process)
