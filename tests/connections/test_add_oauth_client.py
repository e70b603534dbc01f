"""The command by which an operator adds an application."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from connections.models import OAuthClient
from connections.providers.sandbox import SandboxProvider
from tests import cast

pytestmark = pytest.mark.django_db

ASKED = ("SANDBOX", "--client-id", "app", "--client-secret", "s", "--simulated", "--json")


def added(*more: str) -> OAuthClient:
    out = StringIO()
    call_command("add_oauth_client", *ASKED, *more, stdout=out)
    return OAuthClient.objects.get(pk=json.loads(out.getvalue())["id"])


def test_a_notice_secret_and_a_group_are_kept() -> None:
    made = added("--notice-secret", "code", "--revoke-group", "project-1")
    assert (made.owner, made.notice_secret, made.revoke_group) == (None, "code", "project-1")


def test_without_a_group_the_makers_own_rule_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def group(client_id: str) -> str:
        return f"group of {client_id}"

    monkeypatch.setattr(SandboxProvider, "revoke_group", group)
    assert added().revoke_group == "group of app"


def test_what_was_not_known_the_first_time_is_added_later() -> None:
    first = added("--revoke-group", "project-1")
    again = added("--notice-secret", "code")
    assert (again.pk, again.notice_secret, again.revoke_group) == (first.pk, "code", "project-1")


def test_an_environment_adds_nothing_to_the_platforms_application() -> None:
    added("--notice-secret", "code")
    dev_id = cast.company("Alder").environments["testing"].dev_id
    with pytest.raises(CommandError, match="cannot be used"):
        added("--dev-id", dev_id, "--notice-secret", "other")
    assert added("--dev-id", dev_id).notice_secret == "code"


@pytest.mark.parametrize(
    ("option", "value"), [("--revoke-group", "g" * 101), ("--notice-secret", "n" * 256)]
)
def test_what_is_too_long_is_refused(option: str, value: Any) -> None:
    with pytest.raises(CommandError, match="printable"):
        added(option, value)
    assert not OAuthClient.objects.exists()
