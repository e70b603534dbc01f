"""The revocation log: every connection of the environment that ended, why, and how we know."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from ninja import Query, Router

from connections import exports, log, references
from connections.api.shapes import Revocations
from connections.exports import Form
from connections.models import Revocation
from connections.states import Door, End
from developers.api import PROBLEMS, ApiRequest, in_environment
from developers.models import EnvironmentQuerySet
from developers.rest.pages import CursorText, PerPage, page
from developers.rest.shapes import Moment
from terra_portal.errors import InvalidInputError

JSON = "application/json"
MEDIA_TYPES = {JSON: "json"} | {form.media_type: form.value for form in Form}
# The same rows as a file; ninja can tell of one media type only.
FILES: dict[str, Any] = {
    Form.CSV.media_type: {
        "schema": {"type": "string", "description": f"Columns: {', '.join(log.COLUMNS)}."}
    },
    Form.JSONL.media_type: {
        "schema": {"type": "string", "description": "A row of `revocations` as JSON on each line."}
    },
}

router = Router(tags=["Portal: revocation log"])
router.add_decorator(in_environment)

Provider = Annotated[
    str, Query(pattern=r"^[A-Za-z0-9_]{0,30}$", description="In any case.", examples=["FITBIT"])
]
Format = Annotated[
    Literal["json", "csv", "jsonl"] | None,
    Query(description="Instead of `Accept`. `csv` and `jsonl` are files of everything."),
]


@router.get(
    "/revocations",
    response={200: Revocations} | PROBLEMS,
    summary="Read the revocation log",
    openapi_extra={"responses": {200: {"content": FILES}}},
)
def list_revocations(
    request: ApiRequest,
    since: Moment | None = None,
    until: Moment | None = None,
    kind: End | None = None,
    door: Door | None = None,
    provider: Provider = "",
    user_id: UUID | None = None,
    reference_id: str = "",
    cursor: CursorText = "",
    per_page: PerPage = 50,
    format: Format = None,
) -> HttpResponseBase:
    """Newest first: every connection that ended, of what kind, and through which door we know.

    `since` counts itself, `until` does not; both are of `recorded_at`. With `Accept: text/csv` or
    `application/x-ndjson` the answer is a file of all that matches, from `cursor` on where one is
    given; `per_page` is of the JSON alone. Cells of the CSV that a spreadsheet would take for a
    formula begin with an apostrophe.
    """
    if since and until and until < since:
        raise InvalidInputError("until", "it lies before `since`")
    environment = request.auth.environment
    wanted = {
        "listed_at__gte": since,
        "listed_at__lt": until,
        "kind": kind,
        "door": door,
        "provider": provider.upper() or None,
        "user_id": user_id,
    }
    rows = log.entries(environment, reference_id=references.clean(reference_id))
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    answered_as = format or _accepted(request)
    if answered_as == "json":
        answer: HttpResponseBase = _listed(rows, cursor, per_page)
    else:
        answer = exports.revocations(rows, environment, Form(answered_as), cursor=cursor)
    patch_vary_headers(answer, ["Accept"])
    return answer


def _accepted(request: ApiRequest) -> str:
    """JSON for whoever takes anything, and for whoever takes nothing that there is."""
    return MEDIA_TYPES[request.get_preferred_type(list(MEDIA_TYPES)) or JSON]


def _listed(rows: EnvironmentQuerySet[Revocation], cursor: str, size: int) -> JsonResponse:
    found, following = page(rows, cursor, by=log.BY, size=size)
    told = [log.told(entry) for entry in found]
    return JsonResponse({"status": "success", "revocations": told, "next": following})
