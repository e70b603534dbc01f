"""Headers of a company's own: which are taken, and how they are written."""

import pytest

from developers.models import Destination
from developers.webhooks import extra_headers
from terra_portal.errors import InvalidInputError

TAKEN = [
    {},
    {"Authorization": "Bearer abc.def"},
    {"X-Api-Key": "k", "x_tenant": "a b"},
    {"!#$%&'*+.^_`|~0aZ-": "~"},
    {f"X-{number}": "v" for number in range(extra_headers.MOST)},
    {"X": "v" * (extra_headers.MOST_BYTES - 1)},
]
REFUSED = [
    {"": "v"},
    {"a b": "v"},
    {"X:": "v"},
    {"Grüße": "v"},
    {"X\r\nHost": "v"},
    {"X": ""},
    {"X": " v"},
    {"X": "v\r\nHost: evil"},
    {"X": "v\n"},
    {"X": "v\x00"},
    {"X": "v\tw"},
    {"X": "Grüße"},
    {"X": "\x7f"},
    {"X-A": "v", "x-a": "w"},
    {f"X-{number}": "v" for number in range(extra_headers.MOST + 1)},
    {"X": "v" * extra_headers.MOST_BYTES},
    *({name: "v"} for name in sorted(extra_headers.RESERVED)),
    *({f"{prefix}x": "v"} for prefix in extra_headers.RESERVED_PREFIXES),
    {"Content-Type": "text/plain"},
    {"HOST": "a.example"},
    {"Terra-Signature": "t=1,v1=a"},
    {"Webhook-Id": "a"},
    {"X-Terra-Trace-Id": "a"},
    {"dev-ID": "a"},
]


@pytest.mark.parametrize("headers", TAKEN, ids=str)
def test_comes_back_as_it_was_given(headers: dict[str, str]) -> None:
    made = Destination(headers=extra_headers.stored(headers))
    assert extra_headers.of(made) == headers


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_refuses_what_is_no_header_or_not_theirs(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        extra_headers.stored(headers)
    assert refused.value.field == "headers"


def test_reserves_what_the_request_is_made_of() -> None:
    needed = {"content-type", "content-length", "host", "connection", "transfer-encoding"}
    assert needed | {"user-agent", "dev-id"} <= extra_headers.RESERVED
    assert {"webhook-", "terra-", "x-terra-"} <= set(extra_headers.RESERVED_PREFIXES)


def test_reads_one_on_each_line() -> None:
    text = "\n Authorization:  Bearer a:b \r\n\nX-Key:k\n"
    assert extra_headers.written(text) == {"Authorization": "Bearer a:b", "X-Key": "k"}
    assert extra_headers.written("") == {}


@pytest.mark.parametrize("text", ["nonsense", "X: a\nX: b"])
def test_refuses_lines_that_say_nothing_or_twice(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        extra_headers.written(text)
    assert refused.value.field == "headers"
