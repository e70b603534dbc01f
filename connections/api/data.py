"""Terra's operations on data: there, asking for the credentials, and answering that they wait.

Nothing else of a request is looked at, so that nobody mends what would not help.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from ninja import Router
from ninja.errors import HttpError

from developers.api import ApiRequest, Problem

ABOUT = "Not served yet: once the credentials are right, the answer is 501."
MISSING = (
    "This portal does not serve data yet: it connects wearables and tells when access ends. "
    "What is missing here: {}."
)

Parameter = dict[str, Any]


def _query(name: str, kind: str, *, required: bool = False) -> Parameter:
    return {"in": "query", "name": name, "required": required, "schema": {"type": kind}}


USER = [_query("user_id", "string", required=True)]
RANGE = [
    *USER,
    {
        **_query("start_date", "string", required=True),
        "description": "A day as 2026-11-27, or seconds since 1970.",
    },
    _query("end_date", "string"),
    _query("to_webhook", "boolean"),
]
SAMPLES = [*RANGE, _query("with_samples", "boolean")]
DAYS = [*USER, _query("start_date", "string"), _query("end_date", "string")]
REFERENCE = [_query("reference_id", "string")]
REPORTS = [
    *REFERENCE,
    *(_query(name, "string") for name in ("upload_id", "report_date_from", "report_date_to")),
    *(_query(name, "string") for name in ("uploaded_at_from", "uploaded_at_to")),
]


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    does: str
    takes: tuple[Parameter, ...] = ()


def _of(method: str, path: str, does: str, takes: list[Parameter] | None = None) -> Operation:
    return Operation(method, path, does, tuple(takes or ()))


# As published, today's and those before, which Terra's clients still call.
OPERATIONS = (
    _of("GET", "/activity", "read activities", SAMPLES),
    _of("POST", "/activity", "write activities"),
    _of("GET", "/athlete", "read athletes", [*USER, _query("to_webhook", "boolean")]),
    _of("GET", "/body", "read body measurements", SAMPLES),
    _of("POST", "/body", "write body measurements"),
    _of("DELETE", "/body", "delete body measurements", USER),
    _of("GET", "/daily", "read daily summaries", SAMPLES),
    _of("GET", "/menstruation", "read menstruation", SAMPLES),
    _of("GET", "/nutrition", "read nutrition", SAMPLES),
    _of("POST", "/nutrition", "write nutrition"),
    _of("DELETE", "/nutrition", "delete nutrition", USER),
    _of("GET", "/sleep", "read sleep", SAMPLES),
    _of("GET", "/plannedWorkout", "read planned workouts", RANGE),
    _of("POST", "/plannedWorkout", "write planned workouts"),
    _of("DELETE", "/plannedWorkout", "delete planned workouts", USER),
    _of("GET", "/workouts", "list workouts"),
    _of("POST", "/workouts", "make a workout"),
    _of("GET", "/workouts/{id}", "look up a workout"),
    _of("DELETE", "/workouts/{id}", "delete a workout"),
    _of("POST", "/workouts/{id}/plan", "plan a workout", USER),
    _of("GET", "/plannedWorkouts", "list planned workouts", DAYS),
    _of("GET", "/plannedWorkouts/{id}", "look up a planned workout", USER),
    _of("PATCH", "/plannedWorkouts/{id}", "move a planned workout", USER),
    _of("DELETE", "/plannedWorkouts/{id}", "delete a planned workout", USER),
    _of("GET", "/lab-reports", "list lab reports", REPORTS),
    _of("POST", "/lab-reports", "upload a lab report", REFERENCE),
    _of("GET", "/lab-reports/{id}", "look up a lab report"),
    _of("DELETE", "/lab-reports/{id}", "delete a lab report"),
    _of("GET", "/lab-reports/{id}/deliveries", "see deliveries of a lab report"),
    _of("GET", "/lab-reports/{id}/files", "read the files of a lab report"),
)

router = Router(tags=["Data (later)"])


def _refusal(operation: Operation) -> Callable[..., object]:
    def refuse(request: ApiRequest) -> NoReturn:
        raise HttpError(501, MISSING.format(operation.does))

    def refuse_one(request: ApiRequest, id: str) -> NoReturn:
        refuse(request)

    if "{id}" in operation.path:
        return refuse_one
    return refuse


def _name(operation: Operation) -> str:
    words = operation.path.replace("{id}", "one").strip("/").replace("/", "_")
    return f"{operation.method.lower()}_{words.replace('-', '_')}"


for each in OPERATIONS:
    router.api_operation(
        [each.method],
        each.path,
        response={401: Problem, 501: Problem},
        operation_id=_name(each),
        url_name=_name(each),
        summary=each.does.capitalize(),
        description=ABOUT,
        openapi_extra={"parameters": list(each.takes)},
    )(_refusal(each))
