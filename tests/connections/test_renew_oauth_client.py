"""The command by which an operator changes the secrets of an application of the platform's own."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from connections import clients
from connections.models import OAuthClient
from terra_portal import clock
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared() -> OAuthClient:
    client = clients.add(
        "FITBIT", client_id="app", client_secret="old", notice_secret="code"
    ).client
    now = clock.now()
    OAuthClient.objects.update(rejected_at=now, rejected_until=now, rejection_told_at=now)
    return client


def renew(*more: str, client_id: str = "app") -> dict[str, Any]:
    out = StringIO()
    asked = ["fitbit", "--client-id", client_id, *more, "--json"]
    call_command("renew_oauth_client", *asked, stdout=out)
    return dict(json.loads(out.getvalue()))


def test_a_new_secret_counts_at_once_and_the_rejection_is_forgotten(shared: OAuthClient) -> None:
    answer = renew("--client-secret", "new")

    client = OAuthClient.objects.get(pk=answer["id"])
    assert (client.client_secret, client.notice_secret) == ("new", "code")
    assert (client.rejected_at, client.rejected_until, client.rejection_told_at) == (None,) * 3
    assert answer["notice_url"] == clients.notice_url(shared)


def test_the_notice_secret_alone(shared: OAuthClient) -> None:
    renew("--notice-secret", "other")

    client = OAuthClient.objects.get()
    assert (client.client_secret, client.notice_secret) == ("old", "other")
    assert client.rejected_at is not None


def test_an_application_of_a_company_s_own_is_its_own_business() -> None:
    environment = cast.company("Alder").environments["testing"]
    clients.add("FITBIT", client_id="app", client_secret="old", environment=environment)

    with pytest.raises(CommandError, match="client_id"):
        renew("--client-secret", "new")
    assert OAuthClient.objects.get().client_secret == "old"


@pytest.mark.parametrize(
    ("client_id", "more", "names"),
    [
        ("app", (), "client_secret"),
        ("app", ("--client-secret", " "), "client_secret"),
        ("app", ("--client-secret", "n" * 256), "client_secret"),
        ("other", ("--client-secret", "new"), "client_id"),
    ],
)
def test_bad_input_changes_nothing(
    shared: OAuthClient, client_id: str, more: tuple[str, ...], names: str
) -> None:
    with pytest.raises(CommandError, match=names):
        renew(*more, client_id=client_id)
    assert OAuthClient.objects.get().client_secret == "old"
