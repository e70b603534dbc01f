"""Testing a destination at the dashboard: an example goes there, and its result is seen."""

import pytest
from django.contrib.messages import get_messages

from developers.models import Delivery, Event
from developers.states import DeliveryState, EventType
from developers.webhooks import destinations, examples
from developers.webhooks.delivery import deliver_due
from tests.dashboard.scene import Side
from tests.dashboard.test_destinations import destination
from tests.developers.sink import sink

ASKS_AGAIN = 'hx-trigger="load delay:2s"'


def said(answer: object) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("event_type", EventType.values)
def test_sends_one_of_each_type(a: Side, event_type: str) -> None:
    to, other = destination(a), destination(a, "https://b.example/")
    answer = a.client.post(a.url(f"destinations/{to.id}/example/"), {"type": event_type})
    assert answer["Location"] == a.url(f"destinations/{to.id}/#deliveries")
    assert said(answer) == [f"An example of {event_type} is on its way."]
    sent = Event.objects.get()
    assert (sent.type, sent.is_example) == (event_type, True)
    assert [row.destination_id for row in Delivery.objects.all()] == [to.pk]
    assert other.pk != to.pk


def test_the_list_asks_again_until_the_first_answer_is_there(a: Side) -> None:
    with sink() as server:
        to = destination(a, server.url)
        page = a.url(f"destinations/{to.id}/")
        assert ASKS_AGAIN not in a.client.get(page).content.decode()
        a.client.post(f"{page}example/", {"type": "auth"})
        shown = a.client.get(page).content.decode()
        assert ASKS_AGAIN in shown
        assert '<span class="tag">example</span>' in shown
        deliver_due()
    listed = a.client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert '<span class="http ok">200</span>' in listed
    assert ASKS_AGAIN not in listed
    assert "<main" not in listed


def test_says_that_it_is_held_while_paused(a: Side) -> None:
    to = destination(a)
    destinations.pause(to)
    page = a.url(f"destinations/{to.id}/")
    assert "the example is held until you enable" in a.client.get(page).content.decode()
    answer = a.client.post(f"{page}example/", {"type": "auth"})
    assert said(answer) == ["An example of auth is held until you enable it."]
    assert Delivery.objects.get().state == DeliveryState.HELD
    assert ASKS_AGAIN not in a.client.get(page).content.decode()


@pytest.mark.parametrize("event_type", ["", "rain"])
def test_refuses_a_type_that_does_not_exist(a: Side, event_type: str) -> None:
    to = destination(a)
    answer = a.client.post(a.url(f"destinations/{to.id}/example/"), {"type": event_type})
    assert answer.status_code == 302
    assert len(said(answer)) == 1
    assert not Event.objects.exists()


def test_nothing_is_sent_to_anothers(a: Side, b: Side) -> None:
    theirs = destination(b)
    answer = a.client.post(a.url(f"destinations/{theirs.id}/example/"), {"type": "auth"})
    assert answer.status_code == 404
    assert not Event.objects.exists()


def test_says_when_it_takes_the_next_after_too_many(
    a: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "MOST", 1)
    to = destination(a)
    for _ in range(2):
        answer = a.client.post(a.url(f"destinations/{to.id}/example/"), {"type": "auth"})
    (first, second) = said(answer)
    assert first == "An example of auth is on its way."
    assert second.startswith("It got 1 examples within a minute. Send the next in ")
    assert Event.objects.count() == 1
