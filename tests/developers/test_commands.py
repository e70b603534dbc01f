"""create_company and add_destination, run as an operator's script runs them."""

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from developers import api_keys
from developers.models import Company, Destination, Environment, Membership, User
from developers.states import Role
from tests import cast
from tests.postgres import database_url

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_create_company_prints_one_object_with_keys_that_work() -> None:
    said = _answer("create_company", "Alder", "--owner", "owner@example.org")
    company = Company.objects.get()
    assert sorted(said) == ["company", "environments"]
    assert said["company"] == company.slug
    assert list(said["environments"]) == ["testing", "staging", "production"]
    for kind, shown in said["environments"].items():
        assert sorted(shown) == ["api_key", "dev_id"]
        key = api_keys.authenticate(shown["dev_id"], shown["api_key"])
        assert key is not None
        assert key.environment.kind == kind
    assert Membership.objects.get(company=company).role == Role.OWNER


@pytest.mark.django_db
def test_a_new_owner_signs_in_without_confirming_the_address(client: Client) -> None:
    words = ("--owner", "Owner@Example.org", "--password", "northern-lights-7")
    _answer("create_company", "Alder", *words)
    address = EmailAddress.objects.get()
    assert (address.verified, address.primary, address.user.email) == (True, True, address.email)
    form = {"login": "owner@example.org", "password": "northern-lights-7"}
    signed_in = client.post(reverse("account_login"), form)
    assert signed_in.status_code == 302
    assert client.session["_auth_user_id"] == str(address.user.pk)


@pytest.mark.django_db
def test_an_owner_who_exists_stays_as_they_are() -> None:
    owner = cast.person("owner@example.org", password="their-own-word")
    _answer("create_company", "Alder", "--owner", "OWNER@example.org")
    assert User.objects.get() == owner
    owner.refresh_from_db()
    assert owner.check_password("their-own-word")
    assert not EmailAddress.objects.exists()
    assert Membership.objects.get().user == owner


@pytest.mark.django_db
def test_an_owner_who_exists_keeps_the_password() -> None:
    words = ("--owner", "owner@example.org", "--password")
    for name in ("Alder", "Birch"):
        _answer("create_company", name, *words, "northern-lights-7")
    with pytest.raises(CommandError, match="password"):
        _answer("create_company", "Cedar", *words, "another-word-9")
    assert User.objects.get().check_password("northern-lights-7")
    assert Company.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "owner"), [("", "a@example.org"), ("Alder", "no address")])
def test_what_is_refused_leaves_nothing_behind(name: str, owner: str) -> None:
    with pytest.raises(CommandError):
        call_command("create_company", name, "--owner", owner, "--json")
    assert (Company.objects.count(), User.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_add_destination_prints_its_id_and_secret() -> None:
    environment = cast.company().environments["testing"]
    said = _answer("add_destination", environment.dev_id, "https://api.example.com/hook")
    made = Destination.objects.get()
    assert said == {"id": str(made.pk), "signing_secret": made.signing_secret}
    assert (made.environment, made.url) == (environment, "https://api.example.com/hook")


@pytest.mark.django_db
def test_people_read_lines() -> None:
    environment = cast.company().environments["testing"]
    out = StringIO()
    call_command("add_destination", environment.dev_id, "https://api.example.com/", stdout=out)
    made = Destination.objects.get()
    assert out.getvalue() == f"id: {made.pk}\nsigning_secret: {made.signing_secret}\n"


@pytest.mark.django_db(transaction=True)
def test_stdout_holds_the_object_alone_and_errors_go_to_stderr() -> None:
    made = _manage("create_company", "Alder", "--owner", "owner@example.org", "--json")
    assert (made.returncode, made.stderr) == (0, "")
    dev_id = json.loads(made.stdout)["environments"]["production"]["dev_id"]
    assert Environment.objects.get(dev_id=dev_id).company.name == "Alder"
    for words in (
        ("add_destination", "nobody", "https://api.example.com/", "--json"),
        ("add_destination", dev_id, "http://api.example.com/", "--json"),
        ("add_destination", dev_id, "--json"),
    ):
        refused = _manage(*words)
        assert (refused.returncode, refused.stdout) == (1, ""), words
        assert refused.stderr
        assert "Traceback" not in refused.stderr
    assert not Destination.objects.exists()


def _answer(*words: str) -> Any:
    out, err = StringIO(), StringIO()
    call_command(*words, "--json", stdout=out, stderr=err)
    assert err.getvalue() == ""
    return json.loads(out.getvalue())


def _manage(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ
        | {
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
