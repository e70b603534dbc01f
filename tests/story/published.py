"""Terra's published schemas of events, where they lie beside the checkout."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FOLDER = Path(settings.BASE_DIR).parent / "shared/reference/terra-openapi/schemas"
OF_TYPE = {
    "auth": "AuthSuccessEvent",
    "auth_cancelled": "AuthErrorEvent",
    "deauth": "DeauthEvent",
    "user_reauth": "UserReauthEvent",
    "access_revoked": "AccessRevokedEvent",
    "permission_change": "PermissionChangeEvent",
    "connection_error": "ConnectionErrorEvent",
}


def check(event: dict[str, Any]) -> None:
    """Raises where an event does not fit; what is ours stands under `portal` alone."""
    assert set(event["portal"]) == {"event_id", "sequence", "occurred_at", "kind", "actor"}
    if FOLDER.exists():
        validator(OF_TYPE[event["type"]]).validate(event)


@lru_cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"{name}.yaml"}, registry=registry())


@lru_cache
def registry() -> Any:
    """Every published schema under its file's name, as the schemas name one another."""
    found = [
        (path.name, DRAFT202012.create_resource(yaml.safe_load(path.read_text())))
        for path in FOLDER.glob("*.yaml")
    ]
    return Registry().with_resources(found)
