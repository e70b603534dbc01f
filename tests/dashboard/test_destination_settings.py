"""The settings of a destination: what is shown, what is hidden, what is kept."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Destination
from developers.states import EventType
from developers.webhooks import destinations, extra_headers
from tests.dashboard.scene import Side
from tests.dashboard.test_destinations import UNFIT, URL

HEADERS = {"Authorization": "Bearer s3cret", "X-Key": "k3y"}


@pytest.fixture
def to(a: Side) -> Destination:
    return destinations.add(a.environment, URL, event_types=["auth"], headers=HEADERS)[0]


def form_of(a: Side, to: Destination) -> dict[str, Any]:
    """What a browser sends back when nobody has touched the form."""
    shown = a.client.get(a.url(f"destinations/{to.id}/settings/")).context["form"]
    return {bound.name: bound.value() for bound in shown}


def save(a: Side, to: Destination, **given: Any) -> Any:
    return a.client.post(a.url(f"destinations/{to.id}/settings/"), form_of(a, to) | given)


def test_shows_what_is_set_and_never_a_headers_value(
    a: Side, to: Destination, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(5):
        answer = a.client.get(a.url(f"destinations/{to.id}/settings/"))
    assert form_of(a, to) == {
        "url": URL,
        "event_types": ["auth"],
        "headers": "Authorization: ••••••••\nX-Key: ••••••••",
        "deadline_seconds": 8,
    }
    assert "no-store" in answer["Cache-Control"]
    for path in ("", f"{to.id}/", f"{to.id}/settings/"):
        page = a.client.get(a.url(f"destinations/{path}")).content.decode()
        assert not [value for value in HEADERS.values() if value in page]
    assert "X-Key" in a.client.get(a.url(f"destinations/{to.id}/")).content.decode()


def test_saving_the_form_as_it_is_changes_nothing(a: Side, to: Destination) -> None:
    assert save(a, to)["Location"] == a.url(f"destinations/{to.id}/")
    stored = Destination.objects.get()
    assert (stored.url, stored.event_types, stored.deadline_seconds) == (URL, ["auth"], 8)
    assert extra_headers.of(stored) == HEADERS


def test_changes_everything_but_the_secret(a: Side, to: Destination) -> None:
    lines = "authorization: ••••••••\nX-New: n"
    save(
        a,
        to,
        url="https://b.example/",
        event_types=EventType.values,
        headers=lines,
        deadline_seconds="30",
    )
    stored = Destination.objects.get()
    assert (stored.url, stored.event_types, stored.deadline_seconds) == (
        "https://b.example/",
        [],
        30,
    )
    assert extra_headers.of(stored) == {"authorization": "Bearer s3cret", "X-New": "n"}
    assert stored.signing_secret == to.signing_secret


def test_an_emptied_box_removes_every_header(a: Side, to: Destination) -> None:
    save(a, to, headers="")
    assert Destination.objects.get().headers == ""


@pytest.mark.parametrize(
    ("field", "given"), [*UNFIT, ("url", {"url": ""}), ("url", {"url": "https://10.0.0.1/"})]
)
def test_refuses_unfit_input_at_its_field_and_keeps_what_was_typed(
    a: Side, to: Destination, field: str, given: dict[str, Any]
) -> None:
    answer = save(a, to, **given)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert form[field].value() == given[field]
    stored = Destination.objects.get()
    assert (stored.url, extra_headers.of(stored)) == (URL, HEADERS)


def test_anothers_settings_do_not_exist(a: Side, b: Side, to: Destination) -> None:
    unknown = b.url(f"destinations/{to.id}/settings/")
    assert b.client.get(unknown).status_code == 404
    assert b.client.post(unknown, {"url": "https://b.example/"}).status_code == 404
    assert Destination.objects.get().url == URL
