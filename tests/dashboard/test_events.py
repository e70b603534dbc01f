import json
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Attempt, Delivery, Event
from developers.states import DeliveryState, EventType
from developers.webhooks import destinations
from tests.dashboard.scene import Side


def event(side: Side, type: EventType = EventType.AUTH, **extra: Any) -> Event:
    body = json.dumps({"type": type.value, "name": "Åsa <b>"})
    return Event.objects.create(environment=side.environment, type=type, body=body, **extra)


def delivered(side: Side, found: Event, *, tries: int = 1) -> Delivery:
    """A delivery of the event to a destination of its own, that succeeded at last."""
    to, _ = destinations.add(side.environment, f"https://{uuid4().hex}.example/")
    made = Delivery.objects.create(
        environment=side.environment,
        event=found,
        destination=to,
        state=DeliveryState.DELIVERED,
        attempt_count=tries,
    )
    for number in range(1, tries + 1):
        Attempt.objects.create(
            delivery=made,
            number=number,
            duration_ms=12,
            status_code=200 if number == tries else 503,
        )
    return made


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        delivered(a, event(a))
    with django_assert_num_queries(6):
        answer = a.client.get(a.url("events/"))
    assert len(answer.context["rows"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_deliveries(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = event(a)
    for _ in range(count):
        delivered(a, found, tries=count)
    with django_assert_num_queries(7):
        a.client.get(a.url(f"events/{found.id}/"))


def test_the_list_is_narrowed_to_a_type(a: Side) -> None:
    connected, ended = event(a), event(a, EventType.ACCESS_REVOKED)
    assert a.client.get(a.url("events/")).context["rows"] == [ended, connected]
    answer = a.client.get(a.url("events/?type=access_revoked"))
    assert answer.context["rows"] == [ended]
    assert '<option value="access_revoked" selected>' in answer.content.decode()


def test_a_type_that_does_not_exist_shows_nothing_and_says_so(a: Side) -> None:
    event(a)
    answer = a.client.get(a.url("events/?type=rain"))
    assert answer.context["rows"] == []
    assert "There is no such type of event." in answer.content.decode()


def test_htmx_gets_the_list_alone(a: Side) -> None:
    event(a)
    part = a.client.get(a.url("events/"), headers={"HX-Request": "true"}).content.decode()
    assert "<table" in part
    assert "<html" not in part


def test_pages_older_events_by_key(a: Side) -> None:
    made = [event(a) for _ in range(51)]
    first = a.client.get(a.url("events/"))
    assert len(first.context["rows"]) == 50
    older = a.client.get(a.url("events/") + first.context["links"].next_url)
    assert older.context["rows"] == [made[0]]


def test_shows_the_body_indented_and_escaped(a: Side) -> None:
    found = event(a, subject_id=uuid4(), sequence=4)
    answer = a.client.get(a.url(f"events/{found.id}/"))
    assert answer.context["body"] == '{\n  "type": "auth",\n  "name": "Åsa <b>"\n}'
    page = answer.content.decode()
    assert "Åsa &lt;b&gt;" in page
    assert "<b>" not in page
    assert str(found.terra_reference) in page
    assert "number 4 of this user" in page


def test_shows_every_delivery_with_its_attempts(a: Side) -> None:
    found = event(a)
    made = delivered(a, found, tries=2)
    removed = delivered(a, found)
    destinations.remove(removed.destination)
    page = a.client.get(a.url(f"events/{found.id}/")).content.decode()
    assert page.index('<span class="http ok">200</span>') < page.index(
        '<span class="http bad">503</span>'
    )
    assert f'href="{a.url(f"destinations/{made.destination_id}/")}"' in page
    assert f'href="{a.url(f"destinations/{removed.destination_id}/")}"' not in page
    assert removed.destination.url.split("/")[2] in page


def test_an_event_that_nobody_wanted_says_so(a: Side) -> None:
    page = a.client.get(a.url(f"events/{event(a).id}/")).content.decode()
    assert "No destination wanted it" in page


def test_anothers_event_does_not_exist(a: Side, b: Side) -> None:
    theirs = event(b)
    assert a.client.get(a.url("events/")).context["rows"] == []
    foreign = a.client.get(a.url(f"events/{theirs.id}/"))
    unknown = a.client.get(a.url(f"events/{uuid4()}/"))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content
