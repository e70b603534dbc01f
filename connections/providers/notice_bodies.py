"""Bodies of notices, read without trust in their shape."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from connections.providers.answers import MalformedNoticeError, NoticeMessage
from connections.providers.base import require_storable

MOST_AT_ONCE = 1000
MOST_FIELDS = 100
UNFIT = (AttributeError, KeyError, TypeError, ValueError, RecursionError, OverflowError)


def form(body: bytes) -> dict[str, str]:
    """The fields of a form (`application/x-www-form-urlencoded`); raises ValueError."""
    pairs = parse_qsl(
        body.decode(),
        keep_blank_values=True,
        strict_parsing=True,
        errors="strict",
        max_num_fields=MOST_FIELDS,
    )
    return dict(pairs)


def read(
    body: bytes,
    facts: Callable[[Any], list[NoticeMessage]],
    *,
    parse: Callable[[bytes], Any] = json.loads,
) -> list[NoticeMessage]:
    """What `facts` finds in a body, JSON unless `parse` says otherwise.

    Raises MalformedNoticeError for anything else than the shape that it expects, for facts about
    nobody, and for ids that no database column takes.
    """
    try:
        said = parse(body)
    except UNFIT as error:
        raise MalformedNoticeError(type(error).__name__) from error
    return told(said, facts)


def told(said: Any, facts: Callable[[Any], list[NoticeMessage]]) -> list[NoticeMessage]:
    """The same for what was read already."""
    try:
        found = facts(said)
        if len(found) > MOST_AT_ONCE:
            raise ValueError("more than one notice should hold")
        for one in found:
            require_storable(one.provider_user_id, one.alternate_id, one.consent_id)
            if not one.provider_user_id and not one.alternate_id:
                raise ValueError("a fact about nobody")
        return found
    except UNFIT as error:
        raise MalformedNoticeError(type(error).__name__) from error
