"""Names of objects for requests that are thought out before there are any objects.

A stand-in says whose it is, of what kind and which. Where a request is sent, it gives way to the
name of a real object, or of none at all.
"""

from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from schemathesis import Case

from tests.api.tenants import KINDS, Names, Tenant


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


def named(case: Case, names: dict[str, str]) -> None:
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
    """The document with these names offered wherever a request may give one; `only` these."""
    shapes = document["components"]["schemas"]
    made = document | {"components": document["components"] | {"schemas": dict(shapes)}}
    aim = _Aim(names, only)
    made["paths"] = {
        path: {method: aim.operation(operation, made) for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return made


@dataclass
class _Aim:
    names: Names
    only: bool

    def operation(self, operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
        shapes = document["components"]["schemas"]
        parameters = [
            parameter | {"schema": self.value(parameter["name"], parameter["schema"])}
            for parameter in operation.get("parameters", [])
        ]
        for media in operation.get("requestBody", {}).get("content", {}).values():
            for name in _referred(media["schema"]):
                shapes[name] = self.fields(shapes[name])
        return operation | {"parameters": parameters} | self.listed(operation)

    def fields(self, shape: dict[str, Any]) -> dict[str, Any]:
        fields = shape.get("properties", {})
        return shape | {"properties": {name: self.value(name, fields[name]) for name in fields}}

    def listed(self, operation: dict[str, Any]) -> dict[str, Any]:
        """A body that is a bare list is one of users."""
        body = operation.get("requestBody", {})
        schema = body.get("content", {}).get("application/json", {}).get("schema", {})
        if schema.get("type") != "array":
            return {}
        aimed = schema | {"items": self.value("user_id", schema["items"])}
        return {"requestBody": body | {"content": {"application/json": {"schema": aimed}}}}

    def value(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        if name not in self.names:
            return schema
        offered = {"type": "string", "enum": self.names[name]}
        return offered if self.only else {"anyOf": [offered, schema]}


def _referred(schema: dict[str, Any]) -> list[str]:
    parts = [schema, *schema.get("anyOf", [])]
    return [part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part]
