"""What comes in: bodies in JSON, query strings in UTF-8; each unfit one is refused by name."""

import json
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.errors import HttpError
from ninja.parser import Parser

from terra_portal.errors import InvalidInputError

JSON_TYPES = ("", "application/json")


class StrictParser(Parser):
    """ninja's, but it takes nothing that somebody else could read in another way."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Raises HttpError 415, InvalidInputError."""
        kind = request.content_type or ""
        if kind not in JSON_TYPES and not kind.endswith("+json"):
            raise HttpError(415, "content-type: send application/json")
        try:
            return json.loads(request.body.decode(), parse_constant=_refuse)
        except UnicodeDecodeError:
            raise InvalidInputError("body", "is not UTF-8") from None
        except RecursionError:
            raise InvalidInputError("body", "is nested too deeply") from None
        except ValueError:
            raise InvalidInputError("body", "is not JSON") from None

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Raises InvalidInputError."""
        try:
            unquote_to_bytes(request.META.get("QUERY_STRING", "")).decode()
        except UnicodeDecodeError:
            raise InvalidInputError("query", "is not UTF-8") from None
        for name, values in data.lists():
            if len(values) > 1 and name not in list_fields:
                raise InvalidInputError(name[:100], "is given more than once")
        return super().parse_querydict(data, list_fields, request)


def _refuse(constant: str) -> NoReturn:
    """Python reads NaN and Infinity, which JSON does not have."""
    raise ValueError(constant)


def receive(request: HttpRequest) -> None:
    """Reads a body that comes in chunks, which Django leaves unread.

    Raises RequestDataTooBig, and HttpError 411 where the server does not say where it ends.
    """
    if request.META.get("CONTENT_LENGTH") or not request.META.get("HTTP_TRANSFER_ENCODING"):
        return
    if not request.META.get("wsgi.input_terminated"):
        raise HttpError(411, "content-length: send it with the body")
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = request.META["wsgi.input"].read(most + 1)
    if len(body) > most:
        raise RequestDataTooBig
    request._body = body  # where Django keeps a body that was read
