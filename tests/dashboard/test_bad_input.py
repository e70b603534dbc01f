"""Whatever is typed, pasted or made up: every page of the console answers, and stores nothing."""

from typing import Any
from urllib.parse import urlencode

import pytest

from developers.models import AuditEntry, Destination, Recovery
from tests.dashboard.scene import Side
from tests.developers import backlog

NASTY = [
    "\x00",
    "a\x00b",
    "\x01\x1b[31m",
    "line\nbreak",
    "\u202egnirts",
    "٣٠",
    "-1",
    "0",
    "1e9",
    "NaN",
    "9" * 400,
    "x" * 20_000,
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "2026-13-45",
    "0001-01-01",
    "9999-12-31",
    "0001-01-01T00:00:00+14:00",
    "00000000-0000-0000-0000-000000000000",
    "{{ 7 }}",
    "😀",
]
LISTS = {
    "events/": ("type", "outcome", "user_id", "reference_id", "since", "until", "page", "days"),
    "destinations/": ("page",),
    "recoveries/": ("page",),
    "recoveries/new/": ("last", "since", "destination"),
    "api-keys/": ("page",),
    "audit/": ("page",),
    "members/": ("page",),
}
FORMS = {
    "destinations/new/": {"url", "event_types", "headers", "deadline_seconds"},
    "destinations/{}/settings/": {"url", "event_types", "headers", "deadline_seconds"},
    "destinations/{}/rotate/": {"keep_hours"},
    "destinations/{}/example/": {"type"},
    "recoveries/new/": {"since", "destination"},
}
# Told to be fine by the rules of its field.
FINE = {
    ("headers", "0001-01-01T00:00:00+14:00"),  # a name, a colon and a value
    ("deadline_seconds", "٣٠"),
    ("keep_hours", "0"),
}


@pytest.mark.parametrize("page", LISTS)
def test_a_list_answers_any_address(a: Side, page: str) -> None:
    to = backlog.target(a.environment)
    backlog.delivery(to)
    for name in LISTS[page]:
        for value in NASTY:
            answer = a.client.get(a.url(page) + "?" + urlencode({name: value}))
            assert answer.status_code in {200, 422}, (name, value)
            assert "<script>alert" not in answer.content.decode()
    assert a.client.get(a.url(f"destinations/{to.pk}/?page=%00&days=%00")).status_code == 200


@pytest.mark.parametrize("page", FORMS)
def test_a_form_refuses_each_value_and_changes_nothing(a: Side, page: str) -> None:
    to = backlog.target(a.environment)
    before = values(to)
    entries = AuditEntry.objects.count()
    for name in FORMS[page]:
        for value in NASTY:
            if (name, value) in FINE:
                continue
            good = {"url": "https://b.example/", "event_types": ["auth"], "deadline_seconds": "8"}
            sent = (good if "keep_hours" not in FORMS[page] else {}) | {name: value}
            answer = a.client.post(a.url(page.format(to.pk)), sent)
            assert answer.status_code in {302, 404, 422}, (name, value)
            assert "<script>alert" not in answer.content.decode()
            assert values(to) == before, (name, value)
    assert Destination.objects.count() == 1
    assert not Recovery.objects.exists()
    assert AuditEntry.objects.count() == entries


def values(to: Destination) -> dict[str, Any]:
    return dict(Destination.objects.filter(pk=to.pk).values().get())
