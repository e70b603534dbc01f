import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from datetime import UTC, datetime

import pytest
import requests
from standardwebhooks.webhooks import Webhook

from .process import Sandbox

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
BODY = json.dumps({"type": "auth", "user": {"user_id": "u-1", "reference_id": "r-<b>1"}})


@pytest.fixture
def slug(sandbox: Sandbox) -> str:
    slug = f"inbox-{secrets.token_hex(4)}"
    sandbox.control("PUT", f"inboxes/{slug}", {"name": "Acme & Sons"})
    return slug


def signed(body: str = BODY, secret: str = SECRET) -> dict[str, str]:
    now = datetime.now(UTC)
    stamp = str(int(now.timestamp()))
    digest = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return {
        "terra-signature": f"t={stamp},v1={digest}",
        "webhook-id": "msg_1",
        "webhook-timestamp": stamp,
        "webhook-signature": Webhook(secret).sign("msg_1", now, body),
    }


def post(sandbox: Sandbox, slug: str, body: str | bytes, headers: dict[str, str]) -> int:
    url = f"{sandbox.url}/inbox/{slug}/hook/"
    return requests.post(url, data=body, headers=headers, timeout=20).status_code


def verdicts(sandbox: Sandbox, slug: str) -> list[tuple[str, str]]:
    events = sandbox.control("GET", f"inboxes/{slug}/events")
    return [(event["terra_python"], event["standardwebhooks"]) for event in events]


def test_both_libraries_check_every_webhook(sandbox: Sandbox, slug: str) -> None:
    sandbox.control("PUT", f"inboxes/{slug}", {"secret": SECRET})
    other = "whsec_" + base64.b64encode(b"o" * 24).decode()
    terra_only = {"terra-signature": signed()["terra-signature"]}
    for headers in [signed(), signed(secret=other), terra_only, {}]:
        assert post(sandbox, slug, BODY, headers) == 200
    assert verdicts(sandbox, slug) == [
        ("valid", "valid"),
        ("invalid", "invalid"),
        ("valid", "invalid"),
        ("invalid", "invalid"),
    ]


def test_a_secret_that_comes_late_checks_what_has_arrived(sandbox: Sandbox, slug: str) -> None:
    post(sandbox, slug, BODY, signed())
    assert verdicts(sandbox, slug) == [("no_secret", "no_secret")]
    sandbox.control("PUT", f"inboxes/{slug}", {"secret": SECRET})
    assert verdicts(sandbox, slug) == [("valid", "valid")]


def test_any_secret_and_any_body_is_taken(sandbox: Sandbox, slug: str) -> None:
    sandbox.control("PUT", f"inboxes/{slug}", {"secret": "not a whsec secret"})
    for body in [b"\xff\xfe", b"", b"[1]", b'"x"', b"{}"]:
        assert post(sandbox, slug, body, signed()) == 200
    assert verdicts(sandbox, slug) == [("invalid", "invalid")] * 5
    assert requests.get(f"{sandbox.url}/inbox/{slug}/", timeout=20).status_code == 200


def test_one_megabyte_is_the_limit(sandbox: Sandbox, slug: str) -> None:
    assert post(sandbox, slug, b"x" * 1024 * 1024, {}) == 200
    assert post(sandbox, slug, b"x" * (1024 * 1024 + 1), {}) == 413
    assert len(sandbox.control("GET", f"inboxes/{slug}/events")) == 1


def test_the_answer_can_be_an_error_or_late(sandbox: Sandbox, slug: str) -> None:
    sandbox.control("PUT", f"inboxes/{slug}", {"answer": "500"})
    assert post(sandbox, slug, BODY, {}) == 500
    sandbox.control("PUT", f"inboxes/{slug}", {"answer": "slow:0.5"})
    began = time.monotonic()
    assert post(sandbox, slug, BODY, {}) == 200
    assert time.monotonic() - began >= 0.5
    with pytest.raises(requests.HTTPError, match="400"):
        sandbox.control("PUT", f"inboxes/{slug}", {"answer": "sometimes"})


def test_the_page_shows_events_escaped_and_polls_for_newer_ones(
    sandbox: Sandbox, slug: str
) -> None:
    url = f"{sandbox.url}/inbox/{slug}/"
    post(sandbox, slug, BODY, signed())
    page = requests.get(url, timeout=20).text
    assert f"{sandbox.url}/inbox/{slug}/hook/" in page
    assert "no secret yet" in page
    assert "r-&lt;b&gt;1" in page
    assert "r-<b>1" not in page
    newest = re.findall(r"\?after=([0-9]+)", page)[0]
    newer, htmx = f"{url}?after={newest}", {"HX-Request": "true"}
    assert requests.get(newer, headers=htmx, timeout=20).status_code == 204
    post(sandbox, slug, json.dumps({"type": "deauth"}), {})
    fragment = requests.get(newer, headers=htmx, timeout=20)
    assert fragment.text.count("<article") == 1
    assert "<h3>deauth</h3>" in fragment.text
    assert "<html" not in fragment.text


def test_an_inbox_can_be_made_by_hand(sandbox: Sandbox) -> None:
    browser, url = requests.Session(), f"{sandbox.url}/inbox/"
    token = re.findall('csrfmiddlewaretoken" value="([^"]+)"', browser.get(url, timeout=20).text)[0]
    form = {"csrfmiddlewaretoken": token, "name": "By hand"}
    made = browser.post(url, data=form, timeout=20)
    assert re.search(r"/inbox/by-hand-[a-z0-9]{6}/$", made.url)
    assert "Nothing has arrived yet." in made.text
    secret = browser.post(
        f"{made.url}secret/", data={"csrfmiddlewaretoken": token, "secret": SECRET}, timeout=20
    )
    assert f"it ends in {SECRET[-4:]}" in secret.text


def test_an_unknown_inbox_is_not_found(sandbox: Sandbox) -> None:
    assert post(sandbox, "nowhere", BODY, {}) == 404
    assert requests.get(f"{sandbox.url}/inbox/nowhere/", timeout=20).status_code == 404
