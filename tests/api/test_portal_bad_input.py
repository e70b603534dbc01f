"""Whatever is sent to the portal's own operations: a problem that says what, never a 500."""

import json
from typing import Any

import pytest

from developers.models import Destination, Recovery
from tests.api import portal
from tests.api.caller import Caller

NASTY: list[Any] = [
    None,
    True,
    -1,
    0.5,
    10**40,
    "",
    "\x00",
    "\ud800",
    "\u202e",
    "٣",
    "x" * 20_000,
    [],
    [None],
    [[]],
    {},
    {"a": {}},
    {"\x00": "\x00"},
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T00:00:00Z",
]
MALFORMED = [b"", b"null", b"[]", b'"text"', b"{", b"\xff", b"[" * 50_000, b"1" * 5000, b"NaN"]
BODIES: dict[str, tuple[str, set[str], dict[str, Any]]] = {
    "/destinations": (
        "POST",
        {"url", "event_types", "headers", "deadline_seconds", "unknown"},
        {"url": portal.URL},
    ),
    "/destinations/{to}": ("PATCH", {"url", "event_types", "headers", "deadline_seconds"}, {}),
    "/destinations/{to}/rotate": ("POST", {"keep_hours"}, {}),
    "/destinations/{to}/test": ("POST", {"type"}, {}),
    "/events/{event}/resend": ("POST", {"destination_id"}, {}),
    "/recoveries": ("POST", {"since", "destination_id"}, {"since": "2026-01-01T00:00:00Z"}),
}
QUERIES = {
    "/destinations": {"cursor", "per_page"},
    "/events": {*("type", "user_id", "reference_id", "outcome", "since", "until"), "cursor"},
    "/recoveries": {"cursor", "per_page"},
    "/figures": {"days", "destination_id"},
}
REFUSED = {400, 404, 413}
# The same as leaving it out. Of a list and an object the empty one is as good.
OPTIONAL = {("POST", "headers"), ("POST", "destination_id")}


def fits(method: str, path: str, name: str, value: Any) -> bool:
    if value is None:
        return method == "PATCH" or ((method, name) in OPTIONAL and "resend" not in path)
    return (name == "event_types" and value == []) or (name == "headers" and value == {})


@pytest.mark.parametrize("path", BODIES)
def test_a_field_that_does_not_fit_is_refused(a: Caller, path: str) -> None:
    to = portal.destination(a.environment)
    event = portal.event(a.environment)
    before = Destination.objects.filter(pk=to.pk).values().get()
    method, names, good = BODIES[path]
    whole = "/portal" + path.format(to=to.pk, event=event.pk)
    for name in names:
        for value in NASTY:
            if fits(method, path, name, value):
                continue
            answer = a.send(method, whole, data=json.dumps(good | {name: value}))
            assert answer.status in REFUSED, (name, value, answer.body)
            assert answer.headers["Content-Type"] == "application/problem+json"
            if answer.status == 400:
                assert answer.body["detail"].partition(":")[0] == name, (value, answer.body)
    for body in MALFORMED:
        answer = a.send(method, whole, data=body)
        assert answer.status < 500, body[:20]
    assert Destination.objects.count() == 1
    assert Recovery.objects.count() == 0
    if "rotate" not in path:
        assert Destination.objects.filter(pk=to.pk).values().get() == before


@pytest.mark.parametrize("path", QUERIES)
def test_a_query_that_does_not_fit_is_refused(a: Caller, path: str) -> None:
    portal.destination(a.environment)
    portal.event(a.environment)
    for name in QUERIES[path]:
        for value in NASTY:
            if not isinstance(value, str) or value == "\ud800":
                continue
            answer = a.get("/portal" + path, **{name: value})
            assert answer.status == 200 or answer.status in REFUSED, (name, value)


@pytest.mark.parametrize("name", ["%00", "x" * 3000, "..", "%2e%2e", "٣", "0" * 32, "{}", "%ff"])
def test_an_odd_id_is_nobodys(a: Caller, name: str) -> None:
    for path in ("/destinations/{}", "/events/{}", "/recoveries/{}"):
        assert a.get("/portal" + path.replace("{}", name)).status == 404
