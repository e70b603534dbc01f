"""The door over TLS: whose word it takes, and that connections are kept there as well."""

import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from developers.webhooks.outbound import Answer, Door
from terra_portal import clock, deadline
from tests.developers.peer import Peer, peer


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """A server whose certificate names `localhost`, and whose authority the door trusts."""
    certificate = written(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    deadline.tls.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with peer(context) as running:
        yield running
    deadline.tls.cache_clear()


def written(folder: Path, name: str) -> Path:
    """A certificate of its own making, with its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


def post(door: Door, url: str, body: bytes = b"{}", seconds: float = 5) -> Answer:
    return door.post(url, body=body, headers={}, deadline=seconds)


def test_one_connection_carries_several_requests(told: Peer) -> None:
    with Door() as door:
        url = f"https://localhost:{told.port}/"
        assert [post(door, url, b"1"), post(door, url, b"2")] == [Answer(200, "ok")] * 2
    assert (told.connections, told.bodies()) == (1, [b"1", b"2"])


def test_one_that_the_server_has_closed_is_not_used(told: Peer) -> None:
    told.closes = True
    with Door() as door:
        url = f"https://localhost:{told.port}/"
        assert post(door, url, b"1") == Answer(200, "ok")
        assert told.ended.wait(5)
        assert post(door, url, b"2") == Answer(200, "ok")
    assert (told.connections, told.bodies()) == (2, [b"1", b"2"])


def test_a_certificate_of_another_name_is_refused(told: Peer) -> None:
    with Door() as door:
        answer = post(door, f"https://127.0.0.1:{told.port}/")
    assert answer.error.startswith("TLS certificate refused: ")
    assert told.requests == []


def test_one_of_an_unknown_authority_is_refused(
    told: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    deadline.tls.cache_clear()
    with Door() as door:
        answer = post(door, f"https://localhost:{told.port}/")
    assert answer.error.startswith("TLS certificate refused: ")
    assert told.requests == []


def test_a_handshake_that_is_never_answered_ends_at_the_deadline() -> None:
    """The server takes the greeting for the beginning of a request and waits for the rest."""
    with peer() as told, Door() as door:
        began = time.monotonic()
        answer = post(door, f"https://127.0.0.1:{told.port}/", seconds=0.3)
        assert time.monotonic() - began < 5
    assert answer == Answer(error="no answer within 0.3 seconds")
