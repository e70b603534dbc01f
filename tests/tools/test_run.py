"""The entry point as a person meets it."""

import shutil
import subprocess
from pathlib import Path

from tools.environment import ROOT


def run(*arguments: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(folder / "run"), *arguments], capture_output=True, text=True, check=False
    )


def copy_of_entry(folder: Path) -> Path:
    shutil.copy(ROOT / "run", folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tools", folder / "tools", ignore=ignored)
    return folder


def test_help_needs_no_environment_and_bears_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "a path with spaces"
    folder.mkdir()
    done = run("help", folder=copy_of_entry(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert "./run demo [--reset]" in done.stdout
    assert not (folder / ".venv").exists()


def test_an_unknown_command_says_so() -> None:
    done = run("dance")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("./run knows no command 'dance'.")
