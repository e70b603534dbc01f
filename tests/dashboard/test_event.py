"""One event's page, and sending it again from there."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Delivery, Event
from developers.states import DeliveryState, Role
from developers.webhooks import destinations
from terra_portal import clock
from tests.dashboard.scene import Side
from tests.developers import backlog


def page(side: Side, event: Event) -> str:
    return str(side.client.get(side.url(f"events/{event.id}/")).content.decode())


def sent(side: Side, *, state: DeliveryState = DeliveryState.DELIVERED, **extra: Any) -> Delivery:
    return backlog.delivery(backlog.target(side.environment), state, **extra)


def resend_url(side: Side, made: Delivery) -> str:
    return side.url(f"events/{made.event_id}/deliveries/{made.id}/resend/")


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_deliveries(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = backlog.event(a.environment)
    for _ in range(count):
        made = sent(a, of=found)
        for _ in range(count):
            backlog.attempt(made)
    with django_assert_num_queries(7):
        a.client.get(a.url(f"events/{found.id}/"))


def test_shows_the_payload_indented_and_escaped(a: Side) -> None:
    body = json.dumps({"type": "auth", "name": "Åsa <b>"})
    found = backlog.event(
        a.environment, body=body, subject_id=uuid4(), sequence=4, reference_id="Ada & Co"
    )
    answer = a.client.get(a.url(f"events/{found.id}/"))
    assert answer.context["body"] == '{\n  "type": "auth",\n  "name": "Åsa <b>"\n}'
    shown = answer.content.decode()
    assert "Åsa &lt;b&gt;" in shown
    assert "<b>" not in shown
    assert str(found.terra_reference) in shown
    assert "number 4 of this user" in shown
    assert "Ada &amp; Co" in shown


def test_shows_every_delivery_with_its_attempts_in_plain_words(a: Side) -> None:
    found = backlog.event(a.environment)
    made, removed = sent(a, of=found), sent(a, of=found)
    backlog.attempt(made, status=503, response_excerpt="<i>busy</i>")
    backlog.attempt(made, status=None, error="no answer within 8 seconds")
    backlog.attempt(made, status=200)
    destinations.remove(removed.destination)
    shown = page(a, found)
    assert shown.index('<span class="http ok">200</span>') < shown.index(
        '<span class="http bad">503</span>'
    )
    assert "not available just now (503)" in shown
    assert "No answer came in time." in shown
    assert "&lt;i&gt;busy&lt;/i&gt;" in shown
    assert f'href="{a.url(f"destinations/{made.destination_id}/")}"' in shown
    assert f'href="{a.url(f"destinations/{removed.destination_id}/")}"' not in shown
    assert removed.destination.url.split("/")[2] in shown


def test_says_when_the_next_attempt_is(a: Side) -> None:
    soon = clock.now() + timedelta(hours=5, seconds=30)
    made = sent(a, state=DeliveryState.DUE, due_at=soon)
    assert "in 5 hours" in page(a, made.event)


def test_an_event_that_nobody_wanted_says_so(a: Side) -> None:
    assert "No destination wanted it" in page(a, backlog.event(a.environment))


def test_an_erased_payload_says_so_and_cannot_be_sent(a: Side) -> None:
    made = sent(a)
    Event.objects.update(body="", erased_at=clock.now())
    shown = page(a, made.event)
    assert "The payload is erased" in shown
    assert "this environment keeps them 14 days" in shown
    assert "/resend/" not in shown
    answer = a.client.post(resend_url(a, made), follow=True)
    assert "Not sent: Its payload is erased" in answer.content.decode()
    assert backlog.state(made) == DeliveryState.DELIVERED


def test_an_example_is_marked_and_names_no_user(a: Side) -> None:
    found = backlog.event(a.environment, is_example=True, subject_id=uuid4())
    shown = page(a, found)
    assert "This is an example." in shown
    assert f"users/{found.subject_id}" not in shown
    listed = a.client.get(a.url("events/")).content.decode()
    assert '<span class="tag">example</span>' in listed
    assert f"users/{found.subject_id}" not in listed


def test_sends_one_delivery_again(a: Side) -> None:
    found = backlog.event(a.environment)
    made, other = sent(a, of=found), sent(a, of=found)
    assert resend_url(a, made) in page(a, found)
    answer = a.client.post(resend_url(a, made), follow=True)
    assert "It goes out again now" in answer.content.decode()
    assert backlog.state(made) == DeliveryState.DUE
    assert backlog.state(other) == DeliveryState.DELIVERED


def test_sends_it_again_to_all_that_are_still_there(a: Side) -> None:
    found = backlog.event(a.environment)
    one, other, removed = (sent(a, of=found) for _ in range(3))
    destinations.remove(removed.destination)
    url = a.url(f"events/{found.id}/resend/")
    assert url in page(a, found)
    answer = a.client.post(url, follow=True)
    assert "It goes out again to 2 of 2 destinations." in answer.content.decode()
    states = [backlog.state(row) for row in (one, other, removed)]
    assert states == [DeliveryState.DUE, DeliveryState.DUE, DeliveryState.DELIVERED]


def test_a_viewer_sees_no_button(a: Side) -> None:
    made = sent(a)
    viewer = a.colleague(Role.VIEWER)
    shown = viewer.get(a.url(f"events/{made.event_id}/")).content.decode()
    assert "/resend/" not in shown


def test_anothers_event_does_not_exist(a: Side, b: Side) -> None:
    theirs = sent(b)
    foreign = a.client.get(a.url(f"events/{theirs.event_id}/"))
    unknown = a.client.get(a.url(f"events/{uuid4()}/"))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content


def test_anothers_delivery_is_not_sent_by_way_of_ones_own_event(a: Side, b: Side) -> None:
    ours, theirs = sent(a), sent(b)
    url = a.url(f"events/{ours.event_id}/deliveries/{theirs.id}/resend/")
    assert a.client.post(url).status_code == 404
    assert a.client.post(a.url(f"events/{theirs.event_id}/resend/")).status_code == 404
    assert backlog.state(theirs) == DeliveryState.DELIVERED
