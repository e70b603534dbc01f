"""The sandbox wearable as a child process, and the door by which the demo sets it up."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings

STOP_SECONDS = 1.5


class SandboxError(Exception):
    """The sandbox does not do what the demo needs; the text says what it answered."""


class SandboxProcess:
    """In a process group of its own: Ctrl-C reaches us, and we end it. It dies with us, too."""

    def __init__(self) -> None:
        folder = Path(settings.VAR_DIR) / "sandbox"
        folder.mkdir(parents=True, exist_ok=True)
        arguments = ["--port", str(settings.SANDBOX_PORT), "--data", str(folder)]
        self._child = subprocess.Popen(
            [sys.executable, "-m", "terra_portal.demo.leash", "connections.sandbox", *arguments],
            cwd=settings.BASE_DIR,
            env=os.environ | {"SANDBOX_CONTROL_KEY": settings.SANDBOX_CONTROL_KEY},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_until_ready(self) -> None:
        """Returns when it listens; raises SandboxError if it ended instead."""
        line = self._child.stdout.readline() if self._child.stdout else ""
        if not line.startswith("sandbox ready"):
            raise SandboxError(f"The sandbox did not start (exit code {self._child.wait()}).")

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll()

    def stop(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Control:
    """The sandbox's control API."""

    def __init__(self) -> None:
        self._http = httpx.Client(
            base_url=f"{settings.SANDBOX_URL}/control/",
            headers={"X-Sandbox-Control": settings.SANDBOX_CONTROL_KEY},
            trust_env=False,
            timeout=30,
        )

    def call(self, method: str, path: str, **asked: Any) -> Any:
        """The answer's JSON; raises SandboxError."""
        try:
            response = self._http.request(method, path, json=asked)
        except httpx.HTTPError as error:
            raise SandboxError(f"{method} {path}: {type(error).__name__}") from error
        if not response.is_success:
            raise SandboxError(f"{method} {path}: {response.status_code} {response.text[:200]}")
        return response.json()
