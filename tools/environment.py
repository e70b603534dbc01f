"""The Python environment in `.venv`: made once, and again only when the requirements change."""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.console import Step, say

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
PYTHON = FOLDER / "bin" / "python"
STAMP = FOLDER / "installed.json"
PIP_FILES = ("/etc/pip.conf", "~/.config/pip/pip.conf", "~/.pip/pip.conf")


class NotReadyError(Exception):
    """The environment cannot be made; the text says what to do."""


def ensure(requirements: str) -> Path:
    """Returns a Python that has `requirements` installed. Safe beside another `./run`."""
    with _alone():
        if not _works():
            _make()
        wanted = fingerprints(requirements)
        if not wanted.items() <= _installed().items():
            _install(requirements)
            STAMP.write_text(json.dumps(_installed() | wanted, indent=1))
    return PYTHON


def fingerprints(requirements: str, folder: Path = ROOT) -> dict[str, str]:
    """The file and every file that it includes, each with a hash of itself and its includes."""
    text = (folder / requirements).read_text()
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.startswith("-r "):
            found |= fingerprints(line.removeprefix("-r ").strip(), folder)
    whole = text + "".join(found.values())
    return found | {requirements: hashlib.sha256(whole.encode()).hexdigest()}


@contextmanager
def _alone() -> Iterator[None]:
    with open(ROOT / "run") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("· waiting for another ./run that is installing")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _works() -> bool:
    probe = "import sys; sys.exit(sys.version_info < (3, 11))"
    if not PYTHON.exists() or _run([str(PYTHON), "-c", probe]).returncode:
        return False
    return _uses_uv() or not _run([str(PYTHON), "-m", "pip", "--version"]).returncode


def _make() -> None:
    STAMP.unlink(missing_ok=True)
    if _uses_uv():
        command = ["uv", "venv", "--clear", "--python", sys.executable, str(FOLDER)]
    elif importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        command = [sys.executable, "-m", "venv", "--clear", str(FOLDER)]
    else:
        raise NotReadyError(_venv_is_missing())
    with Step("making .venv"):
        made = _run(command)
        if made.returncode:
            raise NotReadyError(made.stdout + "\n" + _venv_is_missing())


def _install(requirements: str) -> None:
    if _uses_uv():
        installer = ["uv", "pip", "install", "--python", str(PYTHON)]
    else:
        installer = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
        installer += ["--no-input", "--progress-bar", "off"]
    lines: list[str] = []
    with Step(f"installing {requirements}") as step:
        pip = subprocess.Popen(
            [*installer, "-r", requirements],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for line in pip.stdout or ():
            lines.append(line)
            step.alive(line.strip()[:60])
        if pip.wait():
            raise NotReadyError("".join(lines) + f"\nCould not install {requirements}.")


def _installed() -> dict[str, str]:
    try:
        stamps: dict[str, str] = json.loads(STAMP.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return stamps


def _uses_uv() -> bool:
    """uv is quicker, but it does not read pip's configuration: a mirror set there must count."""
    configured = any(name.startswith("PIP_") for name in os.environ)
    configured = configured or any(Path(path).expanduser().exists() for path in PIP_FILES)
    return shutil.which("uv") is not None and not configured


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def _venv_is_missing() -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (
        "This Python cannot make a virtual environment (no venv or ensurepip).\n"
        f"On Debian or Ubuntu: apt install python3-venv (or python{version}-venv). uv does as well."
    )
