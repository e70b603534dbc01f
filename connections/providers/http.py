"""The door to the providers: one total deadline, no redirects, 1 MB, JSON objects only."""

from types import TracebackType
from typing import Any, Self

import httpx
from django.conf import settings

from connections.providers.answers import Failure, ProviderError
from terra_portal import deadline
from terra_portal.network import refuse_in_transaction

MAX_BYTES = 1_000_000


class ProviderSession:
    """Stands where allauth expects a `requests` session; used for one exchange.

    Raises ProviderError for whatever keeps an answer from arriving whole.
    """

    def __init__(self) -> None:
        refuse_in_transaction()
        self._client = deadline.client(settings.PROVIDER_DEADLINE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def request(self, method: str, url: str, **kwargs: Any) -> httpx.Response:
        try:
            with self._client.stream(method, url, **kwargs) as response:
                return _read(response)
        except httpx.ConnectError as error:
            raise ProviderError(Failure.UNAVAILABLE, "no connection") from error
        except httpx.HTTPError as error:
            name = type(error).__name__
            raise ProviderError(Failure.UNAVAILABLE, name, outcome_known=False) from error
        except httpx.InvalidURL as error:
            raise ProviderError(Failure.UNUSABLE, "bad address") from error

    def get(self, url: str, **kwargs: Any) -> httpx.Response:
        return self.request("GET", url, **kwargs)

    def post(self, url: str, **kwargs: Any) -> httpx.Response:
        return self.request("POST", url, **kwargs)


def _read(response: httpx.Response) -> httpx.Response:
    body = bytearray()
    for chunk in response.iter_bytes(65_536):
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProviderError(Failure.UNUSABLE, "answer too large", outcome_known=False)
    return httpx.Response(
        response.status_code, headers=_plain(response.headers), content=bytes(body)
    )


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Headers of the body as read: it is decoded by now."""
    kept = {name: value for name, value in headers.items() if name.lower() != "content-encoding"}
    kept.pop("content-length", None)
    kept.pop("transfer-encoding", None)
    return kept


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The answer's JSON object; raises ProviderError for anything else."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ProviderError(
            Failure.UNUSABLE, f"{response.status_code} without a JSON object", outcome_known=False
        )
    return body
