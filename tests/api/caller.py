"""A company's server, as the API sees it."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from developers.companies import CreatedCompany
from developers.models import Environment
from tests import cast


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Caller:
    """Sends an environment's credentials with every request."""

    environment: Environment
    api_key: str
    prefix: str = "/v2"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", path, query_params=query)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.send("POST", path, data=json.dumps(body or {}))

    def delete(self, path: str, **query: Any) -> Answer:
        return self.send("DELETE", path, query_params=query)

    def send(self, method: str, path: str, **more: Any) -> Answer:
        """`headers` in `more` replace the credentials; `data` is sent as it is."""
        credentials = {"dev-id": self.environment.dev_id, "x-api-key": self.api_key}
        headers = more.pop("headers", credentials)
        response = self.client.generic(
            method,
            self.prefix + path,
            more.pop("data", ""),
            "application/json",
            headers=headers,
            **more,
        )
        content = response.getvalue()
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        machine = media_type in {"application/json", "application/problem+json"}
        return Answer(
            response.status_code,
            json.loads(content) if machine and content else content,
            dict(response.headers),
        )


def caller(company: CreatedCompany, environment: str = "testing") -> Caller:
    return Caller(company.environments[environment], company.api_keys[environment])


def new(name: str) -> Caller:
    """A new company's testing environment."""
    return caller(cast.company(name))
