"""What is another tenant's is nobody's: the answer is the same, and costs as many queries.

Of each operation that can name an object, requests made by schemathesis are sent twice: with the
other tenant's objects, and with such as do not exist.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import assume, given
from schemathesis import Case
from schemathesis.core.result import Ok

from tests.api.asking import DOCUMENT, WAITING, chosen_alike, schema, untouched
from tests.api.stand_ins import fields, named, pointed, real, stand_ins
from tests.api.tenants import FITTING, KINDS, Tenant

AIMED = pointed(DOCUMENT, stand_ins("b") | FITTING, only=True)
OPERATIONS = {
    operation.label: operation
    for found in schema(AIMED).exclude(tag=WAITING).get_all_operations()
    if isinstance(found, Ok)
    for operation in [found.ok()]
    if fields(operation.definition.raw, DOCUMENT) & KINDS.keys()
}
# Of what was made just now: ids, secrets and tokens in addresses, times.
MADE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?|[\w-]{20,}=*")


@dataclass
class Told:
    status: int
    body: str
    headers: dict[str, list[str]]
    queries: int


@pytest.mark.parametrize("label", OPERATIONS)
def test_what_is_theirs_is_nobodys(label: str, tenants: dict[str, Tenant]) -> None:
    operation = OPERATIONS[label]
    theirs = real("b", tenants["b"])
    statuses: Counter[int] = Counter()
    tenants["a"].caller.get("/subscriptions")  # no later request writes down that the key is used

    @given(case=operation.as_strategy())
    @chosen_alike(12)
    def alike(case: Case[Any]) -> None:
        assume(any(stand_in in repr(case) for stand_in in theirs))
        nobodys = {stand_in: _of_nobody(name) for stand_in, name in theirs.items()}
        seen = [_told(case, names, tenants["a"]) for names in (theirs, nobodys)]
        assert seen[0] == seen[1]
        assert seen[0].status < 500
        statuses[seen[0].status] += 1

    alike()

    assert statuses.keys() & {200, 201, 404}, "every request was malformed"


def test_every_kind_of_id_has_its_objects() -> None:
    named = {
        name
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        if WAITING not in operation["tags"]
        for name in fields(operation, DOCUMENT)
    }

    assert {name for name in named if name.endswith("_id")} - KINDS.keys() == set()
    assert len(OPERATIONS) > 10


def _of_nobody(name: str) -> str:
    """As long as the name, of nothing that exists."""
    before, dash, row = name.rpartition("-")
    if len(row) == len(uuid4().hex):  # a cursor
        return before + dash + uuid4().hex
    return str(uuid4()) if len(name) == len(str(uuid4())) else name[:-1] + "?"


def _told(thought_out: Case[Any], names: dict[str, str], asking: Tenant) -> Told:
    case = thought_out.operation.Case(
        path_parameters=thought_out.path_parameters,
        query=thought_out.query,
        body=thought_out.body,
        media_type=thought_out.media_type,
    )
    named(case, names)
    with untouched(), CaptureQueriesContext(database) as asked:
        response = case.call(headers=asking.credentials)
    headers = dict(response.headers)
    assert headers.pop("terra-reference")
    body = response.text
    for stand_in, name in names.items():
        body = body.replace(name, stand_in)
    if response.status_code < 400:
        body = MADE.sub("…", body)
        headers.pop("content-length", None)
    return Told(response.status_code, body, headers, len(asked))
