"""Every answer against Terra's published OpenAPI document, where it lies beside the checkout."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from django.conf import settings
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from connections import payloads
from tests import cast
from tests.api.caller import Caller

PUBLISHED = Path(settings.BASE_DIR).parent / "shared/reference/terra-openapi/v2-bundled.yaml"
URI = "urn:terra"

pytestmark = pytest.mark.skipif(
    not PUBLISHED.exists(), reason="Terra's published OpenAPI document is not beside the checkout"
)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(PUBLISHED.read_text())
    return loaded


def assert_fits(published: dict[str, Any], path: str, body: Any, *, status: str = "200") -> None:
    """Nothing that the document knows is missing, nothing has another type."""
    (operation,) = published["paths"][path].values()
    answer = operation["responses"][status]
    media = "application/json" if status == "200" else "application/problem+json"
    if "$ref" in answer:
        answer = published["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    resource = DRAFT202012.create_resource(published)
    registry: Registry[Any] = Registry().with_resource(URI, resource)
    schema = _absolute(answer["content"][media]["schema"])
    Draft202012Validator(schema, registry=registry).validate(body)
    known = {name for part in _objects(schema) for name in part}
    assert known == set() or known & set(body)


def _absolute(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: URI + value if key == "$ref" else _absolute(value) for key, value in schema.items()
        }
    return [_absolute(part) for part in schema] if isinstance(schema, list) else schema


def _objects(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [part.get("properties", {}) for part in (schema, *schema.get("oneOf", []))]


def test_widget_session(a: Caller, published: dict[str, Any]) -> None:
    cast.source(a.environment, cast.oauth_client())

    body = a.post("/auth/generateWidgetSession").body

    assert_fits(published, "/auth/generateWidgetSession", body)
    assert set(body) == {"status", "session_id", "url", "expires_in"}


def test_authenticate_user(a: Caller, published: dict[str, Any]) -> None:
    cast.source(a.environment, cast.oauth_client())

    body = a.post("/auth/authenticateUser?resource=SANDBOX").body

    assert_fits(published, "/auth/authenticateUser", body)
    assert set(body) == {"status", "user_id", "auth_url", "expires_in"}


def test_auth_token(a: Caller, published: dict[str, Any]) -> None:
    body = a.post("/auth/generateAuthToken").body

    assert_fits(published, "/auth/generateAuthToken", body)
    assert set(body) == {"status", "token", "expires_in"}


def test_user_info(a: Caller, published: dict[str, Any]) -> None:
    for user in (cast.connection(a.environment, reference_id="r"), cast.ended(a.environment)):
        assert_fits(published, "/userInfo", a.get("/userInfo", user_id=user.pk).body)


def test_bulk_user_info(a: Caller, published: dict[str, Any]) -> None:
    users = [cast.connection(a.environment, reference_id="r"), cast.ended(a.environment)]

    body = a.post("/bulkUserInfo", [str(user.pk) for user in users]).body

    assert_fits(published, "/bulkUserInfo", body)
    assert [set(user) for user in body] == [set(payloads.user(user)) for user in users]


def test_subscriptions(a: Caller, published: dict[str, Any]) -> None:
    cast.connection(a.environment)

    everyone, page = a.get("/subscriptions").body, a.get("/subscriptions", page=0).body

    # The document's two shapes require nothing, so each answer fits both: one by one then.
    shapes = published["paths"]["/subscriptions"]["get"]["responses"]["200"]["content"]
    unpaged, paged = shapes["application/json"]["schema"]["oneOf"]
    for shape, body in ((unpaged, everyone), (paged, page)):
        schema = _absolute(shape | {"required": list(shape["properties"])})
        resource = DRAFT202012.create_resource(published)
        registry: Registry[Any] = Registry().with_resource(URI, resource)
        Draft202012Validator(schema, registry=registry).validate(body)


def test_a_changed_user_is_a_terra_user(a: Caller, published: dict[str, Any]) -> None:
    """The operation itself is in Terra's clients and not in the document."""
    user = cast.connection(a.environment)

    body = a.send("PATCH", f"/users/{user.pk}", data='{"reference_id": "r"}').body

    assert set(body) == {"status", "user"}
    assert_fits(published, "/bulkUserInfo", [body["user"]])


def test_deauthenticate(a: Caller, published: dict[str, Any]) -> None:
    user = cast.connection(a.environment)

    body = a.delete("/auth/deauthenticateUser", user_id=user.pk).body

    assert_fits(published, "/auth/deauthenticateUser", body)


def test_integrations(a: Caller, published: dict[str, Any]) -> None:
    assert_fits(published, "/integrations", a.get("/integrations").body)


def test_integrations_detailed(a: Caller, published: dict[str, Any]) -> None:
    body = a.get("/integrations/detailed", sdk="true").body

    assert_fits(published, "/integrations/detailed", body)
    known = published["components"]["schemas"]["IntegrationProvider"]["properties"]
    for provider in body["providers"]:
        assert set(provider) == set(known)
        assert set(provider["types"]) == set(known["types"]["properties"])


def test_data_is_refused_in_the_published_form_of_an_error(
    a: Caller, published: dict[str, Any]
) -> None:
    assert_fits(published, "/sleep", a.get("/sleep").body, status="404")


def test_errors(a: Caller, published: dict[str, Any]) -> None:
    assert_fits(published, "/userInfo", a.get("/userInfo").body, status="400")
    unknown = a.get("/userInfo", user_id=uuid4()).body
    assert_fits(published, "/userInfo", unknown, status="404")
