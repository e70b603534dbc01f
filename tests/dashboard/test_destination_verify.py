"""The code that a page offers for verifying, run as it stands there against a real delivery."""

import html
import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from developers.webhooks import destinations, examples
from developers.webhooks.delivery import deliver_due
from tests.dashboard.scene import Side
from tests.developers.sink import Arrival, sink
from tests.javascript import Node

PYTHON = ["terra.utils", "standardwebhooks import", "hmac.compare_digest"]
JAVASCRIPT = ['from "terra-api"', 'from "standardwebhooks"']
OTHER = "whsec_b3RoZXIgc2VjcmV0IG9mIHNvbWVib2R5"
# Imports the code that is offered and prints what it says of each request on standard input.
ASKS = """
import { readFileSync } from "node:fs";
import { genuine } from "./offered.mjs";
const verdicts = [];
for (const { body, headers, secret } of JSON.parse(readFileSync(0, "utf8"))) {
  verdicts.push(await genuine(body, headers, secret));
}
console.log(JSON.stringify(verdicts));
"""


@pytest.fixture
def delivered(a: Side) -> tuple[Arrival, str, list[str]]:
    """A delivery, its secret, and the code on its destination's page."""
    with sink() as server:
        to, secret = destinations.add(a.environment, server.url)
        examples.send(to, "access_revoked")
        deliver_due()
        (arrival,) = server.arrivals
    page = a.client.get(a.url(f"destinations/{to.id}/")).content.decode()
    codes = re.findall(r"<pre tabindex=\"0\">(.*?)</pre>", page, re.DOTALL)
    return arrival, secret, [html.unescape(code) for code in codes]


def requests(arrival: Arrival, secret: str) -> list[tuple[bool, Arrival, str]]:
    """What is genuine, and what is not: forged, of another secret, old, unsigned, garbage."""
    old = str(int(time.time()) - 600)
    aged = {"terra-signature": re.sub("t=[0-9]+", f"t={old}", arrival.headers["terra-signature"])}
    garbage = [
        {"terra-signature": text, "webhook-signature": text}
        for text in ("", "nonsense", "t=,v1=", "v1,", "t=٣,v1=é")
    ]
    changed = [{"webhook-timestamp": old, **aged}, *garbage]
    return [
        (True, arrival, secret),
        (False, replace(arrival, body=arrival.body + b" "), secret),
        (False, arrival, OTHER),
        (False, replace(arrival, headers={}), secret),
        *((False, replace(arrival, headers=arrival.headers | one), secret) for one in changed),
    ]


def with_mark(codes: list[str], mark: str) -> str:
    (code,) = [code for code in codes if mark in code]
    return code


def test_every_code_is_on_the_page_once(delivered: tuple[Arrival, str, list[str]]) -> None:
    _, _, codes = delivered
    assert len(codes) == len(PYTHON) + len(JAVASCRIPT)
    for mark in PYTHON + JAVASCRIPT:
        with_mark(codes, mark)


@pytest.mark.parametrize("mark", PYTHON)
def test_the_python_that_it_offers_verifies(
    delivered: tuple[Arrival, str, list[str]], mark: str
) -> None:
    arrival, secret, codes = delivered
    written: dict[str, Any] = {}
    exec(with_mark(codes, mark), written)
    genuine: Callable[[bytes, dict[str, str], str], bool] = written["genuine"]
    for expected, made, its_secret in requests(arrival, secret):
        assert genuine(made.body, made.headers, its_secret) is expected


@pytest.mark.parametrize("mark", PYTHON)
def test_the_python_that_it_offers_takes_both_secrets_while_one_is_rotated(
    a: Side, delivered: tuple[Arrival, str, list[str]], mark: str
) -> None:
    _, _, codes = delivered
    written: dict[str, Any] = {}
    exec(with_mark(codes, mark), written)
    with sink() as server:
        to, old = destinations.add(a.environment, server.url)
        new = destinations.rotate(to)
        examples.send(to, "auth")
        deliver_due()
        (arrival,) = server.arrivals
    for secret in (old, new):
        assert written["genuine"](arrival.body, arrival.headers, secret) is True


@pytest.mark.parametrize("mark", JAVASCRIPT)
def test_the_javascript_that_it_offers_verifies(
    delivered: tuple[Arrival, str, list[str]], mark: str, tmp_path: Path, node: Node
) -> None:
    arrival, secret, codes = delivered
    (tmp_path / "node_modules").symlink_to(node.folder / "node_modules")
    (tmp_path / "offered.mjs").write_text(with_mark(codes, mark))
    (tmp_path / "asks.mjs").write_text(ASKS)
    asked = requests(arrival, secret)
    given = [
        {"body": made.body.decode(), "headers": made.headers, "secret": its_secret}
        for _, made, its_secret in asked
    ]
    ran = subprocess.run(
        ["node", tmp_path / "asks.mjs"],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(ran.stdout) == [expected for expected, _, _ in asked]
