"""The demo's own life: begun, stopped, begun again, and nothing left behind."""

import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.demo.process import Demo, eventually
from tests.sandbox.process import free_port

SECONDS_TO_STOP = 3.0


@pytest.fixture
def own_demo(tmp_path: Path) -> Iterator[Demo]:
    """A demo that the test may end as it likes."""
    demo = Demo(tmp_path / "var")
    yield demo
    demo.process.kill()
    demo.process.wait()


def is_listening(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def gone(demo: Demo, seconds: float = 0.0) -> bool:
    """Whether neither port is served, at the latest after so many seconds."""
    deadline = time.monotonic() + seconds
    while is_listening(demo.portal_port) or is_listening(demo.sandbox_port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def count_users(demo: Demo) -> str:
    return demo.run_command(
        "shell",
        "--no-imports",
        "-v0",
        "-c",
        "from connections.models import Connection; print(Connection.objects.count())",
    ).stdout


def test_stopped_killed_and_begun_again(own_demo: Demo) -> None:
    own_demo.start()
    users = count_users(own_demo)
    assert int(users) > 200
    code, seconds = own_demo.stop(signal.SIGTERM)
    assert (code, gone(own_demo)) == (0, True)
    assert seconds < SECONDS_TO_STOP

    assert own_demo.start() < 10
    assert count_users(own_demo) == users
    own_demo.process.kill()
    assert gone(own_demo, SECONDS_TO_STOP), "the sandbox outlived the portal"

    before = own_demo.slugs
    own_demo.start("--reset")
    assert set(before).isdisjoint(own_demo.slugs)
    code, _ = own_demo.stop(signal.SIGINT)
    assert (code, gone(own_demo)) == (0, True)


def test_a_port_in_use_is_named(own_demo: Demo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        own_demo.sandbox_port = taken.getsockname()[1]
        own_demo.launch()
        assert own_demo.wait() == 1
    assert f"Port {own_demo.sandbox_port}" in own_demo.said
    assert "Set SANDBOX_PORT to a free one" in own_demo.said
    assert not is_listening(own_demo.portal_port)


def test_two_demos_do_not_share_a_folder(demo: Demo) -> None:
    second = Demo(demo.folder)
    second.launch()
    assert second.wait() == 1
    assert f"Another demo is running on {demo.folder}" in second.said


def test_other_ports_are_wired_anew(own_demo: Demo) -> None:
    own_demo.start()
    own_demo.stop()
    own_demo.sandbox_port = free_port()
    own_demo.start()
    own_demo.control("POST", "revoke", {"account": "runner-002"})
    for slug in own_demo.slugs:
        told = eventually(partial(own_demo.inbox, slug, "access_revoked"))
        assert [event["terra_python"] for event in told] == ["valid"]
