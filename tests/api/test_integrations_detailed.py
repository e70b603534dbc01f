"""GET /integrations/detailed: what a page needs to show the wearables; needs no key."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connections.models import Source
from connections.providers import PROVIDERS, REGISTRY
from connections.providers.phone import PHONE_SOURCES
from tests import cast
from tests.api.caller import Answer, Caller, new
from tests.api.test_errors import assert_problem

PATH = "/integrations/detailed"
TYPES = ("activity", "body", "nutrition", "daily", "sleep", "menstruation")
MAKERS = sorted(maker.resource for maker in PROVIDERS)
PHONE = [source.resource for source in PHONE_SOURCES]


def listed(caller: Caller, dev_id: str | None = None, **query: Any) -> list[str]:
    answer = asked(caller, dev_id, **query)
    assert (answer.status, answer.body["status"]) == (200, "success")
    return [provider["provider"] for provider in answer.body["providers"]]


def asked(caller: Caller, dev_id: str | None = None, **query: Any) -> Answer:
    headers = {} if dev_id is None else {"dev-id": dev_id}
    return caller.send("GET", PATH, headers=headers, query_params=query)


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2"])
def test_without_credentials_it_tells_of_all_as_enabled(a: Caller, prefix: str) -> None:
    a.prefix = prefix

    answer = asked(a)

    assert answer.body == {
        "status": "success",
        "providers": [
            {
                "provider": name,
                "name": REGISTRY[name].display_name,
                "icon": f"http://testserver/static/portal/wearables/{name.lower()}.svg",
                "setup": "API_KEYS_MANAGED",
                "enabled": True,
                "types": dict.fromkeys(TYPES, False),
            }
            for name in MAKERS
        ],
    }


def test_sdk_adds_the_sources_on_the_phone(a: Caller) -> None:
    cast.source(a.environment, cast.oauth_client())

    assert listed(a) == listed(a, sdk="false") == MAKERS
    assert listed(a, sdk="true") == [*MAKERS, *PHONE]
    assert listed(a, a.environment.dev_id, sdk="true") == ["SANDBOX", *PHONE]
    assert_problem(asked(a, sdk="perhaps"), 400, "bad request")


def test_a_dev_id_narrows_it_to_what_is_enabled(a: Caller) -> None:
    cast.source(a.environment, cast.oauth_client())
    staging = a.environment.company.environments.get(kind="staging")

    assert listed(a, a.environment.dev_id) == ["SANDBOX"]
    assert listed(a, staging.dev_id) == []

    Source.objects.update(enabled=False)
    assert listed(a, a.environment.dev_id) == []


@pytest.mark.parametrize("path", [PATH, "/integrations"])
@pytest.mark.parametrize("sdk", ["true", "false"])
def test_an_unknown_dev_id_is_like_one_that_offers_nothing(a: Caller, path: str, sdk: str) -> None:
    cast.oauth_client()  # shared: a testing environment would offer it
    staging = a.environment.company.environments.get(kind="staging")

    answers = []
    for dev_id in (staging.dev_id, "nobody", "", "a\x00b"):
        with CaptureQueriesContext(database) as queries:
            answer = a.send("GET", path, headers={"dev-id": dev_id}, query_params={"sdk": sdk})
        headers = {k: v for k, v in answer.headers.items() if k != "terra-reference"}
        answers.append((answer.status, answer.body, headers, len(queries)))

    assert answers[0][0] == 200
    assert answers == [answers[0]] * 4


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_wearables(db: None, count: int) -> None:
    a = new("A")
    for name in MAKERS[:count]:
        cast.source(a.environment, cast.oauth_client(name, simulated=False))

    with CaptureQueriesContext(database) as queries:
        assert listed(a, a.environment.dev_id) == MAKERS[:count]

    assert len(queries) == 3


def test_every_icon_is_a_drawing_that_the_portal_serves(
    a: Caller, settings: LazySettings, tmp_path: Path
) -> None:
    """By its hashed name where static files have one, as in production."""
    hashed = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": hashed}}
    settings.STATIC_ROOT = tmp_path
    settings.PUBLIC_BASE_URL = "https://portal.example"
    call_command("collectstatic", interactive=False, verbosity=0)

    icons = [provider["icon"] for provider in asked(a, sdk="true").body["providers"]]

    at = "https://portal.example/static/"
    assert [icon.startswith(at) for icon in icons] == [True] * len(icons)
    names = [icon.removeprefix(at) for icon in icons]
    assert [name.count(".") for name in names] == [2] * len(icons)  # oura.0a1b2c3d4e5f.svg
    served = [Client().get(f"/static/{name}") for name in names]
    assert {(one.status_code, one.headers["Content-Type"]) for one in served} == {
        (200, "image/svg+xml")
    }
    assert len(set(names)) == len(PROVIDERS) + len(PHONE_SOURCES)
