"""What every request meets: the canonical host, the policy, redaction."""

import logging

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from terra_portal.redaction import RedactingFilter, redact


@pytest.fixture
def portal(settings: Settings) -> Client:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1"
    settings.PUBLIC_HOST = "127.0.0.1"
    return Client()


def test_readers_of_another_host_are_sent_to_the_public_one(portal: Client) -> None:
    answer = portal.get("/accounts/login/?next=/x", headers={"host": "localhost"})
    assert answer.status_code == 301
    assert answer["Location"] == "http://127.0.0.1/accounts/login/?next=/x"


@pytest.mark.parametrize("path", ["/healthz", "/v2/nothing", "/hooks/sandbox/xyz/"])
def test_machines_are_served_under_any_allowed_host(portal: Client, path: str, db: None) -> None:
    assert portal.get(path, headers={"host": "localhost"}).status_code != 301


def test_a_host_that_is_not_ours_is_refused(portal: Client) -> None:
    assert portal.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400


def test_pages_carry_the_strict_policy(portal: Client, db: None) -> None:
    answer = portal.get("/accounts/login/", headers={"host": "127.0.0.1"})
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in ("script-src 'self'", "style-src 'self'", "form-action 'self'"):
        assert directive in policy


@pytest.mark.parametrize(
    "secret",
    [
        "/connect/6Zb3yV0aLq1n2m3o4p5q6r7s8t9u0v/",
        "/hooks/sandbox/6Zb3yV0aLq1n2m3o4p5q6r7s/",
        "?code=6Zb3yV0aLq&state=1n2m3o4p5q",
        "?verify=6Zb3yV0aLq",
        "?hub.mode=subscribe&hub.verify_token=6Zb3yV0aLq",
        "whsec_6Zb3yV0aLq1n2m3o",
        "x-api-key: tpk_6Zb3yV0aLq1n2m3o",
        "Authorization: Bearer 6Zb3yV0aLq1n2m3o",
    ],
)
def test_secrets_are_hidden_in_log_lines(secret: str) -> None:
    assert "6Zb3yV0aLq" not in redact(f"something about {secret} happened")


def test_arguments_of_a_log_line_are_redacted_too() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "got %s", ("whsec_abc123",), None)
    RedactingFilter().filter(record)
    assert record.getMessage() == "got whsec_[hidden]"
