"""GET /integrations: needs no key; with `dev-id` it tells what that environment offers."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from connections.models import Source
from connections.providers import PROVIDERS
from developers.models import Environment
from tests import cast
from tests.api.caller import Caller

PHONE = ["APPLE", "HEALTH_CONNECT", "SAMSUNG"]
NOTHING = {"status": "success", "providers": [], "sdk_providers": PHONE, "sdk_resource": PHONE}
SANDBOX = NOTHING | {"providers": ["SANDBOX"]}
MAKERS = sorted(maker.resource for maker in PROVIDERS)
REAL = [name for name in MAKERS if name != "SANDBOX"]


def offers(environment: Environment) -> Any:
    headers = {"dev-id": environment.dev_id}
    return Client().get("/v2/integrations", headers=headers).json()


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2"])
def test_without_credentials_it_lists_what_the_portal_has(a: Caller, prefix: str) -> None:
    a.prefix = prefix

    answer = a.send("GET", "/integrations", headers={})

    assert (answer.status, answer.body) == (200, NOTHING | {"providers": MAKERS})


def test_the_sandbox_is_absent_where_none_runs(a: Caller, settings: LazySettings) -> None:
    settings.SANDBOX_URL = ""

    assert a.send("GET", "/integrations", headers={}).body == NOTHING | {"providers": REAL}


def test_a_dev_id_narrows_it_to_what_that_environment_offers(db: None) -> None:
    company = cast.company("A")
    testing, staging = company.environments["testing"], company.environments["staging"]
    simulated = cast.oauth_client()
    cast.source(testing, simulated)

    assert offers(testing) == SANDBOX
    assert offers(staging) == NOTHING

    Source.objects.update(enabled=False)
    assert offers(testing) == NOTHING


def test_a_dev_id_that_nobody_has_offers_nothing(a: Caller) -> None:
    answer = a.send("GET", "/integrations", headers={"dev-id": "nobody"})

    assert (answer.status, answer.body) == (200, NOTHING)
