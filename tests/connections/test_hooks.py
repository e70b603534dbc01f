"""Bad input to the notice door: refused with the right status, nothing stored, nothing changed."""

import hashlib
import hmac
import json
import logging
import time

import pytest
from django.test import Client
from django.urls import reverse

from connections import clients
from connections.models import Notice, OAuthClient

SECRET = "the client's own secret"


@pytest.fixture
def added(db: None) -> clients.AddedClient:
    return clients.add("SANDBOX", client_id="hooked", client_secret=SECRET, simulated=True)


def message(**more: object) -> bytes:
    said = {"type": "access_revoked", "user_id": "sbx_1", "consent_id": "c1"}
    return json.dumps({**said, **more}).encode()


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    stamp = str(int(at or time.time()))
    code = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Sandbox-Signature": f"t={stamp},v1={code}"}


def send(url: str, body: bytes, headers: dict[str, str] | None = None) -> int:
    path = "/" + url.split("/", 3)[3]
    answer = Client().post(path, body, content_type="application/json", headers=headers or {})
    return answer.status_code


def test_a_signed_notice_is_stored_and_answered(added: clients.AddedClient) -> None:
    body = message()
    assert send(added.notice_url, body, signed(body)) == 204
    notice = Notice.objects.get()
    assert (notice.kind, notice.provider_user_id, notice.consent_id) == ("revoked", "sbx_1", "c1")
    assert notice.body == body.decode()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, message()),
        ({"Sandbox-Signature": "garbage"}, message()),
        ({"Sandbox-Signature": "t=1,v1=" + "0" * 64}, message()),
        ({"Sandbox-Signature": "t=٣,v1=é"}, message()),
        (signed(message(), secret="another client's"), message()),
        (signed(message()), message(user_id="sbx_2")),
        (signed(message(), at=time.time() - 3600), message()),
    ],
)
def test_what_is_not_signed_by_this_client_is_refused(
    added: clients.AddedClient, headers: dict[str, str], body: bytes
) -> None:
    assert send(added.notice_url, body, headers) == 401
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff", b"[]", b"{}", b'"text"', b"<html>", message(occurred_at="yesterday")],
)
def test_what_says_nothing_is_refused(added: clients.AddedClient, body: bytes) -> None:
    assert send(added.notice_url, body, signed(body)) == 400
    assert not Notice.objects.exists()


def test_nul_bytes_in_a_signed_notice_break_nothing(added: clients.AddedClient) -> None:
    body = message(user_id="sbx\x00", consent_id="c\x00")
    assert send(added.notice_url, body, signed(body)) == 400
    assert not Notice.objects.exists()


@pytest.mark.parametrize("size", [300_000, 10_000_000])
def test_too_large(added: clients.AddedClient, size: int) -> None:
    body = b" " * size
    assert send(added.notice_url, body, signed(body)) == 413


def test_an_unknown_address_tells_nothing(added: clients.AddedClient) -> None:
    path = reverse("hook", args=["sandbox", "x" * 32])
    assert Client().post(path, b"{}", content_type="application/json").status_code == 404
    assert Client().get("/" + added.notice_url.split("/", 3)[3]).status_code == 405


def test_another_client_s_notice_is_refused(added: clients.AddedClient) -> None:
    other = clients.add("SANDBOX", client_id="other", client_secret="other", simulated=True)
    body = message()
    assert send(other.notice_url, body, signed(body)) == 401


def test_the_address_is_hidden_in_what_the_log_keeps(
    added: clients.AddedClient, caplog: pytest.LogCaptureFixture
) -> None:
    hook_id = added.notice_url.rstrip("/").rsplit("/", 1)[1]
    with caplog.at_level(logging.DEBUG):
        send(added.notice_url, message(), {"Sandbox-Signature": "t=1,v1=no"})
    assert "refused" in caplog.text
    assert "/hooks/sandbox/[hook]/" in caplog.text  # Django logs the path of a refused request
    assert hook_id not in caplog.text
    assert SECRET not in caplog.text


def test_the_address_is_the_same_for_whoever_attaches_the_client(
    added: clients.AddedClient,
) -> None:
    again = clients.add("sandbox", client_id="hooked", client_secret=SECRET, simulated=True)
    assert again.notice_url == added.notice_url
    assert OAuthClient.objects.count() == 1
