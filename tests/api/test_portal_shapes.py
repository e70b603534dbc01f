"""Every answer of the portal's own operations against the OpenAPI document that we publish."""

from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from connections import links
from developers.states import DeliveryState
from terra_portal import clock
from tests import cast
from tests.api import portal
from tests.api.caller import Caller
from tests.dashboard.scene import logged

URI = "urn:portal"
WHOLE = {"additionalProperties": False}


@pytest.fixture
def document(db: None) -> dict[str, Any]:
    loaded: dict[str, Any] = Client().get("/v2/openapi.json").json()
    return loaded


def closed(schema: Any, *, at: str = "") -> Any:
    """The schema with absolute references; an object with properties has no others."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: URI + value if key == "$ref" else closed(value, at=key)
        for key, value in schema.items()
    }
    is_object = "properties" in schema and at != "properties"
    return made | WHOLE if is_object else made


def assert_fits(document: dict[str, Any], method: str, path: str, status: int, body: Any) -> None:
    answer = document["paths"][path][method.lower()]["responses"][str(status)]
    content = next(iter(answer["content"].values()))  # JSON before the forms of a file
    resource = DRAFT202012.create_resource(closed(document))
    registry: Registry[Any] = Registry().with_resource(URI, resource)
    schema = closed(content["schema"])
    Draft202012Validator(schema, registry=registry).validate(body)


def test_every_answer_is_as_published(a: Caller, document: dict[str, Any]) -> None:
    cast.connection(a.environment)
    to = portal.destination(a.environment, headers={"X-Team": "blue"})
    made = portal.event(a.environment, reference_id="anna")
    portal.over(made, DeliveryState.EXHAUSTED, status=None)
    logged(a.environment, reference_id="anna", erased_at=clock.now())
    of_one = {"destination_id": to.pk, "event_id": made.pk}
    begun = a.post("/portal/recoveries", {"since": clock.now().isoformat()})
    of_one["recovery_id"] = begun.body["recovery"]["id"]
    session, _ = links.open_session(a.environment, reference_id="anna")
    of_one["session_id"] = session.pk
    bodies = {
        "/portal/destinations": {"url": portal.URL},
        "/portal/destinations/{destination_id}/test": {"type": "user_reauth"},
        "/portal/events/{event_id}/resend": {"destination_id": str(to.pk)},
        "/portal/recoveries": {"since": made.occurred_at.isoformat()},
    }
    created = {path for path in bodies if "resend" not in path}
    seen = 0
    # What removes it comes last.
    order = {"get": 0, "post": 1, "patch": 2, "delete": 3}
    asked = [
        (method, path)
        for path, item in document["paths"].items()
        for method in item
        if path.startswith("/v2/portal/")
    ]
    for method, path in sorted(asked, key=lambda each: order[each[0]]):
        short = path.removeprefix("/v2")
        body = bodies.get(short, {})
        answer = (
            a.get(short.format(**of_one))
            if method == "get"
            else a.post(short.format(**of_one), body)
            if method == "post"
            else a.send(method.upper(), short.format(**of_one), data="{}")
        )
        expected = 201 if method == "post" and short in created else 200
        assert (method, path, answer.status) == (method, path, expected)
        assert_fits(document, method, path, expected, answer.body)
        seen += 1
    assert seen == 20


def test_errors_are_as_published(a: Caller, document: dict[str, Any]) -> None:
    path = "/v2/portal/destinations/{destination_id}"
    unknown = a.get("/portal/destinations/nobody")
    unfit = a.post("/portal/destinations", {})

    assert_fits(document, "get", path, 404, unknown.body)
    assert_fits(document, "post", "/v2/portal/destinations", 400, unfit.body)
