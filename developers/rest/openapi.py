"""The OpenAPI document, generated from the operations, and the page to browse it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase
from ninja.openapi.schema import OpenAPISchema

from developers.rest.credentials import CREDENTIALS
from developers.rest.guides import GUIDES
from developers.rest.problems import PROBLEM_JSON, Problem

ABOUT = """
Terra's REST API, served by your own portal: point Terra's client at this base URL.

Send the environment's `dev-id` and one of its API keys as `x-api-key` with every request. Each
answer carries a `terra-reference`, which names the request in the portal's log. Errors are
problem details (RFC 9457) that also hold Terra's earlier `status` and `message`.

What Terra has no operation for is under `/v2/portal`: destinations of webhooks, their events, and
sending them again. Lists there are read in pages: `next` of one is the `cursor` of the following.
"""
REFERENCE = {
    "terra-reference": {
        "description": "Names this request in the portal's log.",
        "schema": {"type": "string", "format": "uuid"},
    }
}
LIMITS = {
    name: {"description": said, "schema": {"type": "integer"}}
    for name, said in {
        "X-Terra-RateLimit-Limit": "Requests that the API key may send in a window of time.",
        "X-Terra-RateLimit-Remaining": "How many of them are left.",
        "X-Terra-RateLimit-Reset-After": "In how many seconds the next window begins.",
    }.items()
}
WAIT = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "X-Terra-RateLimit-Rule": {"description": "Which limit.", "schema": {"type": "string"}},
}
PROBLEM = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
TOO_MANY = {"description": "Too Many Requests", "content": PROBLEM}
ANYTHING_ELSE = {"description": "Any other error", "content": PROBLEM}


class PortalAPI(NinjaAPI):
    """ninja's, with what its document cannot say: two headers together, problem+json, limits."""

    def get_openapi_schema(self, **how: Any) -> OpenAPISchema:
        document = super().get_openapi_schema(**how)
        header = {"type": "apiKey", "in": "header"}
        document["components"]["securitySchemes"] = {
            name: header | {"name": name} for name in CREDENTIALS
        }
        document["components"]["schemas"].setdefault("Problem", Problem.json_schema())
        for item in document["paths"].values():
            for operation in item.values():
                _complete(operation)
        return document


def _complete(operation: dict[str, Any]) -> None:
    answers = {str(status): answer for status, answer in operation["responses"].items()}
    for status, answer in answers.items():
        if status >= "400":
            answer["content"] = PROBLEM
    asks = "security" in operation
    if asks:
        operation["security"] = [{name: [] for name in CREDENTIALS}]
        answers["429"] = dict(TOO_MANY)
    answers["default"] = dict(ANYTHING_ELSE)
    for status, answer in answers.items():
        counted = LIMITS if asks and status not in {"401", "default"} else {}
        answer["headers"] = REFERENCE | counted | (WAIT if status == "429" else {})
    operation["responses"] = answers


class DocsPage(DocsBase):
    """Swagger UI from the files that ninja brings, in a page of ours without anything inline."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        context = {"document_url": self.get_openapi_url(api, kwargs), "guides": GUIDES}
        return render(request, "api/docs.html", context)
