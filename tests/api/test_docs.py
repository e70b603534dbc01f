"""The OpenAPI document and the page to browse it."""

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from developers.states import EventType

# Of ours, and nothing that whoever receives webhooks is looking for.
OF_USERS = {"/v2/portal/counts"}


def test_the_document_tells_of_every_operation(db: None) -> None:
    document = Client().get("/v2/openapi.json").json()

    operations = {(method, path) for path, item in document["paths"].items() for method in item}
    assert operations == {
        ("post", "/v2/auth/generateWidgetSession"),
        ("delete", "/v2/auth/deauthenticateUser"),
        ("get", "/v2/userInfo"),
        ("get", "/v2/subscriptions"),
        ("post", "/v2/bulkUserInfo"),
        ("patch", "/v2/users/{user_id}"),
        ("get", "/v2/integrations"),
        ("get", "/v2/portal/counts"),
        ("get", "/v2/portal/destinations"),
        ("post", "/v2/portal/destinations"),
        ("get", "/v2/portal/destinations/{destination_id}"),
        ("patch", "/v2/portal/destinations/{destination_id}"),
        ("delete", "/v2/portal/destinations/{destination_id}"),
        ("post", "/v2/portal/destinations/{destination_id}/rotate"),
        ("post", "/v2/portal/destinations/{destination_id}/pause"),
        ("post", "/v2/portal/destinations/{destination_id}/enable"),
        ("post", "/v2/portal/destinations/{destination_id}/test"),
        ("get", "/v2/portal/events"),
        ("get", "/v2/portal/events/{event_id}"),
        ("post", "/v2/portal/events/{event_id}/resend"),
        ("get", "/v2/portal/recoveries"),
        ("post", "/v2/portal/recoveries"),
        ("get", "/v2/portal/recoveries/{recovery_id}"),
        ("get", "/v2/portal/figures"),
    }
    assert document["info"]["title"] == "Terra Portal API"
    user_info = document["paths"]["/v2/userInfo"]["get"]
    assert user_info["security"] == [{"dev-id": [], "x-api-key": []}]
    assert set(document["components"]["securitySchemes"]) == {"dev-id", "x-api-key"}
    assert [list(answer["content"]) for answer in user_info["responses"].values()] == [
        ["application/json"],
        ["application/problem+json"],
        ["application/problem+json"],
        ["application/problem+json"],
    ]
    open_to_all = [path for path, item in document["paths"].items() if not _asks(item)]
    assert open_to_all == ["/v2/integrations"]


def _asks(item: dict[str, Any]) -> bool:
    """Whether every operation at this address asks for both headers."""
    wanted: list[dict[str, list[str]]] = [{"dev-id": [], "x-api-key": []}]
    return all(operation.get("security") == wanted for operation in item.values())


def test_the_page_needs_nothing_that_the_policy_forbids(db: None) -> None:
    response = Client().get("/v2/docs")

    page = response.content.decode()
    assert response.status_code == 200
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in tag or "application/json" in tag for tag in scripts)
    assert "<style" not in page
    assert " style=" not in page
    loaded = re.findall(r'(?:src|href)="(/static/([^"]+))"', page)
    assert loaded
    assert all(finders.find(name) for _, name in loaded)
    assert "//cdn" not in page


def test_the_page_for_receivers_tells_of_every_type_and_operation(db: None) -> None:
    text = (Path(settings.BASE_DIR) / "docs/webhooks.md").read_text()
    rows = [line.split("|")[1].strip().strip("`") for line in text.splitlines() if "|" in line]

    assert [name for name in rows if name in EventType.values] == EventType.values
    paths = Client().get("/v2/openapi.json").json()["paths"]
    ours = [path for path in paths if "/portal/" in path and path not in OF_USERS]
    ends = [path.rpartition("}")[2] or path.rpartition("/")[2] for path in ours]
    assert [end for end in ends if end not in text] == []
