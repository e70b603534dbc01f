"""GET /integrations: needs no key; with `dev-id` it tells what that environment offers."""

import pytest
from django.conf import LazySettings

from tests import cast
from tests.api.caller import Caller

NOTHING = {"status": "success", "providers": [], "sdk_providers": [], "sdk_resource": []}
SANDBOX = NOTHING | {"providers": ["SANDBOX"]}


@pytest.fixture(autouse=True)
def sandbox_runs(settings: LazySettings) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8501"


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2"])
def test_without_credentials_it_lists_what_the_portal_has(a: Caller, prefix: str) -> None:
    a.prefix = prefix

    answer = a.send("GET", "/integrations", headers={})

    assert (answer.status, answer.body) == (200, SANDBOX)


def test_the_sandbox_is_absent_where_none_runs(a: Caller, settings: LazySettings) -> None:
    settings.SANDBOX_URL = ""

    assert a.send("GET", "/integrations", headers={}).body == NOTHING


def test_a_dev_id_narrows_it(a: Caller, b: Caller) -> None:
    cast.source(a.environment, cast.oauth_client())

    narrowed = {"dev-id": a.environment.dev_id}
    assert a.send("GET", "/integrations", headers=narrowed).body == SANDBOX
    assert b.get("/integrations").body == NOTHING


def test_a_dev_id_that_nobody_has_offers_nothing(a: Caller) -> None:
    answer = a.send("GET", "/integrations", headers={"dev-id": "nobody"})

    assert (answer.status, answer.body) == (200, NOTHING)
