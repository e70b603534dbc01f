"""Terra's published OpenAPI document, where it lies beside the checkout, as a judge of answers."""

from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.api.caller import Answer

PATH = Path(settings.BASE_DIR).parent / "shared/reference/terra-openapi/v2-bundled.yaml"
MISSING = "Terra's published OpenAPI document is not beside the checkout"
URI = "urn:terra"
PROBLEM = {"$ref": f"{URI}#/components/schemas/Problem"}
METHODS = {"get", "post", "put", "patch", "delete"}
MEDIA = {True: "application/json", False: "application/problem+json"}


class Published:
    """The document, made strict: what it names is there. It requires little of its own accord."""

    def __init__(self) -> None:
        loaded: dict[str, Any] = yaml.safe_load(PATH.read_text())
        self.document = strict(loaded)
        resource = DRAFT202012.create_resource(self.document)
        self.registry: Registry[Any] = Registry().with_resource(URI, resource)

    @property
    def operations(self) -> set[tuple[str, str]]:
        paths = self.document["paths"].items()
        return {(method, path) for path, item in paths for method in item.keys() & METHODS}

    def assert_fits(self, method: str, path: str, answer: Answer) -> None:
        """An error of a status that the operation does not list is a problem all the same."""
        media = MEDIA[answer.status < 400]
        assert answer.headers["Content-Type"] == media
        schema = self._schema(method, path, str(answer.status), media)
        Draft202012Validator(schema, registry=self.registry).validate(answer.body)

    def _schema(self, method: str, path: str, status: str, media: str) -> Any:
        listed = self.document["paths"][path][method]["responses"]
        if status not in listed and int(status) >= 400:
            return PROBLEM
        told = listed[status]
        if "$ref" in told:
            told = self.document["components"]["responses"][told["$ref"].rpartition("/")[2]]
        return told["content"][media]["schema"]


def strict(schema: Any, *, at: str = "") -> Any:
    """References made absolute; every object has all the properties that its schema names."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: URI + value if key == "$ref" else strict(value, at=key)
        for key, value in schema.items()
    }
    if at != "properties" and isinstance(schema.get("properties"), dict):
        made["required"] = list(schema["properties"])
    return made
