"""Whatever is asked, the API answers as its own OpenAPI document says, and never with a failure.

Requests are made by schemathesis from the document: right ones and wrong ones, with the ids of
two tenants' objects, some in the name of the one and some of the other.
"""

from typing import Any
from zlib import crc32

import pytest
from schemathesis import Case
from schemathesis.checks import CheckFunction
from schemathesis.core import NOT_SET
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.api.asking import DOCUMENT, WAITING, chosen_alike, schema, untouched
from tests.api.stand_ins import named, pointed, real, stand_ins
from tests.api.tenants import FITTING, Tenant

AIMED = pointed(DOCUMENT, stand_ins("ab") | FITTING)

working = schema(AIMED).exclude(tag=WAITING)
waiting = schema(AIMED).include(tag=WAITING)
# They answer one and the same to everybody, which their document says is 501.
waiting.config.checks.not_a_server_error.expected_statuses = ["2xx", "3xx", "4xx", "501"]
waiting.config.phases.coverage.enabled = False

# Whose keys ask. A parameter too, because schemathesis names the operation in a test's id only
# where there is one.
keys = pytest.mark.parametrize("letters", ["ab"])


@working.parametrize()
@chosen_alike(15)
@keys
def test_every_answer_is_as_documented(
    case: Case[Any], tenants: dict[str, Tenant], letters: str
) -> None:
    ask(case, tenants, letters)


@waiting.parametrize()
@chosen_alike(3)
@keys
def test_what_waits_says_so(case: Case[Any], tenants: dict[str, Tenant], letters: str) -> None:
    ask(case, tenants, letters)


def ask(case: Case[Any], tenants: dict[str, Tenant], letters: str) -> None:
    who = letters[crc32(repr(case).encode()) % len(letters)]
    named(case, real("a", tenants["a"]) | real("b", tenants["b"]))
    spared: list[CheckFunction] = [negative_data_rejection] if leaves_body_out(case) else []
    with untouched():
        case.call_and_validate(headers=tenants[who].credentials, excluded_checks=spared)


def leaves_body_out(case: Case[Any]) -> bool:
    """As the document allows where it requires none; schemathesis takes it for wrong."""
    required = case.operation.definition.raw.get("requestBody", {}).get("required", True)
    return not required and (case.body is None or case.body is NOT_SET)
