"""Names of objects for requests that are thought out before there are any objects.

A stand-in says whose it is, of what kind and which. Where a request is sent, it gives way to the
name of a real object, or of none at all.
"""

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from schemathesis import Case

from tests.api.tenants import KINDS, Names, Tenant

JSON = "application/json"
OF_LISTS = "user_id"  # a body that is a bare list is one of users


def stand_ins(letters: str) -> Names:
    """For all that these tenants have."""
    return {
        kind: [_stand_in(letter, kind, number) for letter in letters for number in range(count)]
        for kind, count in KINDS.items()
    }


def real(letter: str, tenant: Tenant) -> dict[str, str]:
    """What stands behind each stand-in of this tenant."""
    return {
        _stand_in(letter, kind, number): name
        for kind, names in tenant.names.items()
        for number, name in enumerate(names)
    }


def named(case: Case[Any], names: dict[str, str]) -> None:
    """Puts these names into the request where their stand-ins are."""
    case.path_parameters = _replaced(case.path_parameters, names)
    case.query = _replaced(case.query, names)
    case.body = _replaced(case.body, names)


def _stand_in(letter: str, kind: str, number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"{kind} {number} of {letter}"))


def _replaced(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value


def pointed(document: dict[str, Any], names: Names, *, only: bool = False) -> dict[str, Any]:
    """The document with these names offered wherever a request may give one; or `only` these."""
    shapes = dict(document["components"]["schemas"])
    aim = _Aim(names, only, shapes)
    paths = {
        path: {method: aim.operation(operation) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return document | {
        "paths": paths,
        "components": document["components"] | {"schemas": shapes},
    }


def fields(operation: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """What a request to this operation may name."""
    named = {parameter["name"] for parameter in operation.get("parameters", [])}
    schema = _body(operation)
    if schema.get("type") == "array":
        named.add(OF_LISTS)
    for name in _referred(schema):
        named |= document["components"]["schemas"][name].get("properties", {}).keys()
    return named


@dataclass
class _Aim:
    names: Names
    only: bool
    shapes: dict[str, Any]

    def operation(self, operation: dict[str, Any]) -> dict[str, Any]:
        parameters = [
            parameter | {"schema": self.value(parameter["name"], parameter["schema"])}
            for parameter in operation.get("parameters", [])
        ]
        for name in _referred(_body(operation)):
            self.shapes[name] = self.shape(self.shapes[name])
        return operation | {"parameters": parameters} | self.body(operation)

    def shape(self, shape: dict[str, Any]) -> dict[str, Any]:
        known = shape.get("properties", {})
        return shape | {"properties": {name: self.value(name, known[name]) for name in known}}

    def body(self, operation: dict[str, Any]) -> dict[str, Any]:
        schema = _body(operation)
        if not schema:
            return {}
        if schema.get("type") == "array":
            schema = schema | {"items": self.value(OF_LISTS, schema["items"])}
        aimed = {"content": {JSON: {"schema": schema}}}
        return {"requestBody": operation["requestBody"] | aimed}

    def value(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        if name not in self.names:
            return schema
        offered = {"type": "string", "enum": self.names[name]}
        return offered if self.only else {"anyOf": [offered, schema]}


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = content.get(JSON, {}).get("schema", {})
    return schema


def _referred(schema: dict[str, Any]) -> list[str]:
    parts = [schema, *schema.get("anyOf", [])]
    return [part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part]
