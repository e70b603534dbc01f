"""Bad input at every provider's door: the right status, nothing stored, nothing changed."""

import logging

import pytest
from django.core.cache import cache
from django.test import Client

from connections import clients
from connections.models import Connection, Grant, Notice
from connections.providers import PROVIDERS, WearableProvider
from connections.states import GrantState
from tests import cast
from tests.herd import herd

CLIENT_SECRET, NOTICE_SECRET = "the-client-secret", "the-notice-secret"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
REFUSED = {400, 401, 404}

every_provider = pytest.mark.parametrize(
    "maker", PROVIDERS, ids=[str(maker.id) for maker in PROVIDERS]
)


@pytest.fixture
def path(maker: WearableProvider, db: None) -> str:
    """The hook of a client that holds one living grant of two companies."""
    added = clients.add(
        maker.resource,
        client_id="hooked",
        client_secret=CLIENT_SECRET,
        notice_secret=NOTICE_SECRET,
        simulated=True,
    )
    companies = [cast.company(name).environments["testing"] for name in ("Alder", "Birch")]
    herd(added.client, *companies, count=1)
    return "/" + added.notice_url.split("/", 3)[3]


def assert_nothing_happened() -> None:
    assert not Notice.objects.exists()
    assert Connection.objects.active().count() == 2
    grant = Grant.objects.get()
    assert (grant.state, grant.doubted, grant.doubtful_since) == (GrantState.ACTIVE, False, None)


@every_provider
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", JSON),
        (b"garbage", JSON),
        (b"\x00\x00\x00", JSON),
        (b"\xff\xfe\xfa", FORM),
        (b"<html><body>502</body></html>", "text/html"),
        (b"[" * 50_000, JSON),
        (b'{"userId":"\\u0000","appli":46,"event":"\\ud800"}', JSON),
        (b"null", JSON),
        (b"userid=%00&appli=46&action=unlink", FORM),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"not.a.jwt", "application/secevent+jwt"),
    ],
    ids=["empty", "words", "nul", "bytes", "html", "deep", "ids", "null", "form", "parts", "jwt"],
)
def test_garbage_is_refused(maker: WearableProvider, path: str, body: bytes, kind: str) -> None:
    answer = Client().post(path, body, content_type=kind)
    assert answer.status_code in REFUSED
    assert answer.content == b""
    assert_nothing_happened()


@every_provider
def test_a_body_of_ten_megabytes_is_too_large(maker: WearableProvider, path: str) -> None:
    answer = Client().post(path, b" " * 10_000_000, content_type=JSON)
    assert answer.status_code == 413
    assert_nothing_happened()


@every_provider
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_not_for_it(maker: WearableProvider, path: str, method: str) -> None:
    answer = Client().generic(method, path, b"{}", content_type=JSON)
    assert answer.status_code == 405
    assert set(answer["Allow"].split(", ")) == set(maker.hears)
    assert_nothing_happened()


@every_provider
def test_another_client_s_address_is_unknown(maker: WearableProvider, path: str) -> None:
    """So is the right address under another provider's name."""
    hook_id = path.rstrip("/").rsplit("/", 1)[1]
    others = [other.id for other in PROVIDERS if other is not maker]
    for wrong in (f"/hooks/{maker.id}/{'x' * 32}/", *(f"/hooks/{o}/{hook_id}/" for o in others)):
        assert Client().post(wrong, b"{}", content_type=JSON).status_code == 404
    assert_nothing_happened()


@every_provider
def test_the_log_of_a_refusal_holds_no_secret(
    maker: WearableProvider, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache.clear()
    with caplog.at_level(logging.DEBUG):
        Client().post(path, b"garbage-of-a-person", content_type=JSON)
    hook_id = path.rstrip("/").rsplit("/", 1)[1]
    for secret in (CLIENT_SECRET, NOTICE_SECRET, hook_id, "garbage-of-a-person"):
        assert secret not in caplog.text
    assert "refused" in caplog.text or "not understood" in caplog.text
