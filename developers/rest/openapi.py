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
[Moving from Terra](/v2/docs/moving-from-terra) has the one line to change, and every difference.

Send the environment's `dev-id` and one of its API keys as `x-api-key` with every request. Each
answer carries a `terra-reference`, which names the request in the portal's log. Errors are
problem details (RFC 9457) that also hold Terra's earlier `status` and `message`. Each key may send
a number of requests in a window of time; `X-Terra-RateLimit-Remaining` says how many are left.

What Terra has no operation for is under `/v2/portal`: destinations of webhooks, their events, and
sending them again. Lists there are read in pages: `next` of one is the `cursor` of the following.
"""
HEADERS = {
    "terra-reference": ("Names this request in the portal's log.", "string"),
    "X-Terra-RateLimit-Limit": ("Requests that the API key may send in a window.", "integer"),
    "X-Terra-RateLimit-Remaining": ("How many of them are left.", "integer"),
    "X-Terra-RateLimit-Reset-After": ("Seconds until the next window begins.", "integer"),
    "Retry-After": ("Seconds to wait.", "integer"),
    "X-Terra-RateLimit-Rule": ("Which limit it was.", "string"),
}
REFERENCE, *LIMITS = list(HEADERS)[:4]
WAIT = list(HEADERS)[4:]
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
        document["components"]["headers"] = {
            name: {"description": said, "schema": {"type": kind}}
            for name, (said, kind) in HEADERS.items()
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
        counted = LIMITS if asks and status not in {"401", "default"} else []
        names = [REFERENCE, *counted, *(WAIT if status == "429" else [])]
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    operation["responses"] = answers


class DocsPage(DocsBase):
    """Swagger UI from the files that ninja brings, in a page of ours without anything inline."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        context = {"document_url": self.get_openapi_url(api, kwargs), "guides": GUIDES}
        return render(request, "api/docs.html", context)
