"""The door to companies' servers, over real sockets."""

import ipaddress
import socket
import threading
import time
from contextlib import suppress

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from developers.webhooks import outbound
from developers.webhooks.addresses import is_reachable
from terra_portal.network import NetworkInTransactionError
from tests.developers.sink import Sink

REFUSED = [
    "0.0.0.0",  # this host
    "10.1.2.3",
    "100.64.0.1",  # carrier-grade NAT
    "100.100.100.200",  # Alibaba's metadata
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",  # Azure's metadata
    "169.254.1.1",
    "169.254.169.254",  # metadata of most clouds
    "172.16.0.1",
    "192.0.0.192",  # Oracle's metadata
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::7f00:1",  # NAT64 of loopback
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::1",  # 6to4 of loopback
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata over IPv6
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "151.101.1.69", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1"]
# Spellings that the system's resolver reads as addresses.
DISGUISED = ["2130706433", "0x7f000001", "127.1", "localhost", "[::ffff:127.0.0.1]"]


@pytest.fixture
def closed(settings: Settings) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = False


class Dripping(threading.Thread):
    """Sends an endless header to its first caller, byte by byte."""

    def __init__(self, listening: socket.socket) -> None:
        super().__init__(daemon=True)
        self._listening = listening
        self.start()

    def run(self) -> None:
        caller, _ = self._listening.accept()
        with caller, suppress(OSError):
            caller.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while True:
                caller.sendall(b"a")
                time.sleep(0.05)


def post(url: str) -> outbound.Answer:
    return outbound.post(url, body=b"{}", headers={"content-type": "application/json"})


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public_is_refused(address: str, closed: None) -> None:
    assert not is_reachable(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_not_refused(address: str, closed: None) -> None:
    assert is_reachable(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [a for a in REFUSED if "%" not in a])
def test_no_connection_is_opened_to_it(address: str, closed: None) -> None:
    host = f"[{address}]" if ":" in address else address
    answer = post(f"http://{host}:8480/")
    assert answer.status is None
    assert answer.error in {"not a public address", "the host name has no address"}


@pytest.mark.parametrize("host", DISGUISED)
def test_no_spelling_of_loopback_reaches_it(host: str, server: Sink, closed: None) -> None:
    port = server.url.rpartition(":")[2]
    assert post(f"http://{host}:{port}").error == "not a public address"
    assert server.arrivals == []


def test_loopback_is_open_where_the_settings_say_so(server: Sink) -> None:
    assert post(server.url) == outbound.Answer(200, "thank you", "")
    assert len(server.arrivals) == 1


def test_only_loopback_is(settings: Settings) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = True
    open_now = [a for a in REFUSED if is_reachable(ipaddress.ip_address(a))]
    assert open_now == ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]


def test_a_redirect_is_not_followed(server: Sink) -> None:
    server.status, server.location = 307, server.url
    answer = post(server.url)
    assert (answer.status, answer.error) == (307, "redirects are not followed")
    assert not answer.accepted
    assert len(server.arrivals) == 1


def test_the_process_environment_names_no_proxy(
    server: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert post(server.url).status == 200


def test_a_server_that_does_not_answer_ends_at_the_deadline(
    server: Sink, settings: Settings
) -> None:
    settings.WEBHOOK_DEADLINE_SECONDS = 0.5
    server.delay = 30
    began = time.monotonic()
    assert post(server.url).error == "no answer within 0.5 seconds"
    assert time.monotonic() - began < 1.5


def test_headers_that_drip_end_at_the_deadline(settings: Settings) -> None:
    """Each byte comes in time for a timeout per read; only the total ends it."""
    settings.WEBHOOK_DEADLINE_SECONDS = 0.5
    with socket.create_server(("127.0.0.1", 0)) as listening:
        began = time.monotonic()
        port = listening.getsockname()[1]
        dripping = Dripping(listening)
        assert post(f"http://127.0.0.1:{port}/").error == "no answer within 0.5 seconds"
        assert time.monotonic() - began < 1.5
        dripping.join(5)


def test_a_body_that_drips_ends_at_the_deadline_and_the_status_counts(
    server: Sink, settings: Settings
) -> None:
    settings.WEBHOOK_DEADLINE_SECONDS = 0.5
    server.drip = True
    began = time.monotonic()
    answer = post(server.url)
    assert time.monotonic() - began < 1.5
    assert answer.accepted
    assert answer.excerpt.startswith("thank you.")


def test_only_the_beginning_of_a_long_body_is_kept(server: Sink) -> None:
    server.answer = b"\x00" + "é".encode() * 2_000_000
    assert post(server.url).excerpt == "é" * 500


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://no-such-host.invalid/", "the host name has no address"),
        ("http://127.0.0.1:1/", "connection refused or unreachable"),
        ("http://0177.0.0.1/", "the address cannot be sent to"),
        ("https://xn--a.invalid/", "the address cannot be sent to"),
    ],
)
def test_what_goes_wrong_is_said_in_a_few_words(url: str, error: str) -> None:
    assert post(url) == outbound.Answer(error=error)


def test_a_server_without_tls_is_not_trusted(server: Sink) -> None:
    assert post(server.url.replace("http:", "https:")).error == "TLS failed"


@pytest.mark.django_db
def test_it_refuses_to_call_inside_a_transaction(server: Sink) -> None:
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        post(server.url)
    assert server.arrivals == []
