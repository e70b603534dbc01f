"""The door to the providers: one total deadline, no redirects, 1 MB, JSON objects only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx
from django.conf import settings

from connections.providers.answers import Failure, ProviderError
from terra_portal import deadline
from terra_portal.network import refuse_in_transaction

MAX_BYTES = 1_000_000
LONGEST_WAIT = timedelta(hours=1)
# Seconds until a caller may come again, in the order in which they are believed.
WAIT_HEADERS = ("Retry-After", "X-RateLimit-Reset", "RateLimit-Reset", "Fitbit-Rate-Limit-Reset")


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
    body = json_value(response)
    if not isinstance(body, dict):
        raise ProviderError(
            Failure.UNUSABLE, f"{response.status_code} without a JSON object", outcome_known=False
        )
    return body


def json_value(response: httpx.Response) -> Any:
    """What the answer says in JSON; raises ProviderError where it is none."""
    try:
        return response.json()
    except (ValueError, RecursionError) as error:
        raise ProviderError(
            Failure.UNUSABLE, f"{response.status_code} without JSON", outcome_known=False
        ) from error


def refusal(response: httpx.Response) -> dict[str, Any]:
    """What a refusal says in its JSON object; empty where it is silent or speaks in plain words.

    Raises ProviderError for a page and for broken JSON: whatever stands in between may have
    answered in the provider's place.
    """
    is_page = "html" in response.headers.get("Content-Type", "").lower()
    is_plain = not is_page and not response.text.lstrip().startswith(("<", "{", "["))
    return {} if is_plain else json_object(response)


def require_success(
    response: httpx.Response, about: str, *, of_application: bool = False
) -> httpx.Response:
    """Raises ProviderError for anything but a success.

    With `of_application` the call was made with the application's own credentials, so that a 401
    speaks of them.
    """
    refuse_unavailable(response)
    if of_application and response.status_code == 401:
        raise ProviderError(Failure.INVALID_CLIENT, f"401 {about}")
    if not response.is_success:
        raise ProviderError(Failure.UNUSABLE, f"{response.status_code} {about}")
    return response


@contextmanager
def expected_shape(about: str) -> Iterator[None]:
    """Raises ProviderError where an answer turns out to be made otherwise while it is read."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProviderError(
            Failure.UNUSABLE, f"{about}: {type(error).__name__}", outcome_known=False
        ) from error


def refuse_unavailable(response: httpx.Response) -> None:
    """Raises ProviderError for answers that say nothing about an authorisation."""
    status = response.status_code
    if status == 410:
        raise ProviderError(Failure.RETIRED, "410")
    if status == 429:
        raise ProviderError(Failure.UNAVAILABLE, "429", retry_after=asked_to_wait(response))
    if status >= 500:
        wait = asked_to_wait(response) if status == 503 else None
        raise ProviderError(Failure.UNAVAILABLE, str(status), outcome_known=False, retry_after=wait)
    if 300 <= status < 400:
        raise ProviderError(Failure.UNUSABLE, "redirect", outcome_known=False)


def asked_to_wait(response: httpx.Response) -> timedelta | None:
    """How long the provider wants to be left alone, at most an hour; None if it does not say."""
    for name in WAIT_HEADERS:
        text = response.headers.get(name, "")
        if text.isascii() and text.isdigit() and len(text) < 10:
            return min(timedelta(seconds=int(text)), LONGEST_WAIT)
    return None
