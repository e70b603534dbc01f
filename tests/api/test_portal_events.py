"""Events by API: listed by what they are and became, read with every attempt, sent again."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from developers.models import Attempt, Delivery, Event
from developers.states import DeliveryState, EventType
from developers.webhooks import destinations
from terra_portal import clock
from tests.api import portal
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem

PATH = "/portal/events"


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer.body["events"]]


def test_an_event_with_its_payload_and_every_attempt(a: Caller) -> None:
    to = portal.destination(a.environment)
    user = uuid4()
    made = portal.event(a.environment, reference_id="anna", subject_id=user, sequence=1)
    delivery = portal.over(made, DeliveryState.DUE, status=503)
    Attempt.objects.create(delivery=delivery, number=2, duration_ms=9, error="the server refused")

    answer = a.get(f"{PATH}/{made.pk}")

    assert answer.status == 200
    shown = answer.body["event"]
    (part,) = shown.pop("deliveries")
    attempts = part.pop("attempts")
    assert shown == {
        "id": str(made.pk),
        "type": "auth",
        "user_id": str(user),
        "reference_id": "anna",
        "sequence": 1,
        "terra_reference": str(made.terra_reference),
        "is_example": False,
        "occurred_at": shown["occurred_at"],
        "erased_at": None,
        "payload": shown["payload"],
    }
    assert shown["payload"]["portal"]["event_id"] == str(made.pk)
    assert (part["id"], part["destination_id"]) == (str(delivery.pk), str(to.pk))
    assert (part["state"], part["attempt_count"]) == ("due", 1)
    assert part["due_at"]
    assert [row["number"] for row in attempts] == [1, 2]
    assert attempts[0]["status_code"] == 503
    assert attempts[0]["error"] is None
    assert attempts[0]["response_excerpt"] == "what it answered"
    assert "503" in attempts[0]["explanation"]
    assert attempts[1]["error"] == "the server refused"


def test_of_an_erased_payload_the_attempts_stay(a: Caller) -> None:
    portal.destination(a.environment)
    made = portal.event(a.environment)
    portal.over(made, DeliveryState.DELIVERED, status=200)
    Event.objects.filter(pk=made.pk).update(body="", erased_at=clock.now())

    shown = a.get(f"{PATH}/{made.pk}").body["event"]

    assert shown["payload"] is None
    assert shown["erased_at"]
    assert [row["status_code"] for row in shown["deliveries"][0]["attempts"]] == [200]


def test_it_is_listed_by_type_user_reference_outcome_and_time(a: Caller, b: Caller) -> None:
    portal.destination(a.environment)
    user = uuid4()
    old = portal.event(a.environment, ago=timedelta(days=2), reference_id="anna")
    gone = portal.event(
        a.environment, EventType.DEAUTH, ago=timedelta(hours=1), subject_id=user, sequence=1
    )
    new = portal.event(a.environment)
    portal.over(old, DeliveryState.DELIVERED, status=200)
    portal.over(gone, DeliveryState.EXHAUSTED)
    portal.destination(b.environment)
    portal.over(
        portal.event(b.environment, EventType.DEAUTH, reference_id="anna"), DeliveryState.EXHAUSTED
    )
    hour_ago = gone.occurred_at.isoformat()

    assert ids(a.get(PATH)) == [str(new.pk), str(gone.pk), str(old.pk)]
    assert ids(a.get(PATH, type="deauth")) == [str(gone.pk)]
    assert ids(a.get(PATH, user_id=str(user))) == [str(gone.pk)]
    assert ids(a.get(PATH, user_id=str(uuid4()))) == []
    assert ids(a.get(PATH, reference_id="anna")) == [str(old.pk)]
    assert ids(a.get(PATH, outcome="failed")) == [str(gone.pk)]
    assert ids(a.get(PATH, outcome="delivered")) == [str(old.pk)]
    assert ids(a.get(PATH, outcome="waiting")) == [str(new.pk)]
    assert ids(a.get(PATH, outcome="held")) == []
    assert ids(a.get(PATH, outcome="none")) == []
    assert ids(a.get(PATH, since=hour_ago)) == [str(new.pk), str(gone.pk)]
    assert ids(a.get(PATH, until=hour_ago)) == [str(old.pk)]
    assert ids(a.get(PATH, type="auth", outcome="failed")) == []
    assert "payload" not in a.get(PATH).body["events"][0]


def test_pages_tell_each_event_once(a: Caller) -> None:
    made = [portal.event(a.environment, ago=timedelta(minutes=age)) for age in range(5)]
    Event.objects.update(occurred_at=clock.now())  # told apart by their ids alone
    read: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = a.get(PATH, per_page=2, cursor=cursor)
        read += ids(answer)
        cursor = answer.body["next"]
        portal.event(a.environment)  # arrives meanwhile and moves nothing

    assert [pk for pk in read if pk in {str(row.pk) for row in made}] == sorted(
        (str(row.pk) for row in made), reverse=True
    )
    assert len(read) == len(set(read)) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"type": "nothing"}, "type"),
        ({"outcome": "lost"}, "outcome"),
        ({"user_id": "somebody"}, "user_id"),
        ({"reference_id": "a\x00b"}, "reference_id"),
        ({"reference_id": "r" * 513}, "reference_id"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-27T10:00:00"}, "since"),
        ({"since": "1764237600"}, "since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ({"until": "9999-12-31T23:59:59-14:00"}, "until"),
        ({"per_page": "0"}, "per_page"),
        ({"per_page": "101"}, "per_page"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "x" * 200}, "cursor"),
    ],
)
def test_a_filter_that_does_not_fit_is_named(a: Caller, query: dict[str, str], field: str) -> None:
    answer = a.get(PATH, **query)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field


def test_an_event_is_sent_again(a: Caller) -> None:
    to = portal.destination(a.environment)
    made = portal.event(a.environment)
    delivery = portal.over(made, DeliveryState.EXHAUSTED)

    answer = a.post(f"{PATH}/{made.pk}/resend", {"destination_id": str(to.pk)})

    assert answer.status == 200
    assert answer.body["delivery"]["id"] == str(delivery.pk)
    assert answer.body["delivery"]["state"] == "due"
    delivery.refresh_from_db()
    assert (delivery.state, delivery.round_count) == (DeliveryState.DUE, 0)
    assert Delivery.objects.count() == 1


def test_what_cannot_be_sent_again_says_why(a: Caller) -> None:
    to = portal.destination(a.environment)
    erased, orphan = portal.event(a.environment), portal.event(a.environment)
    portal.over(erased, DeliveryState.EXHAUSTED)
    portal.over(orphan, DeliveryState.EXHAUSTED)
    Event.objects.filter(pk=erased.pk).update(body="", erased_at=clock.now())
    wanted = {"destination_id": str(to.pk)}

    of_erased = a.post(f"{PATH}/{erased.pk}/resend", wanted)
    destinations.remove(to)
    of_removed = a.post(f"{PATH}/{orphan.pk}/resend", wanted)
    of_nothing = a.post(f"{PATH}/{orphan.pk}/resend")

    assert_problem(of_erased, 400, "bad request")
    assert of_erased.body["detail"].partition(":")[0] == "destination_id"
    assert "erased" in of_erased.body["detail"]
    assert_problem(of_removed, 400, "bad request")
    assert of_removed.body["detail"].partition(":")[0] == "destination_id"
    assert "removed" in of_removed.body["detail"]
    assert_problem(of_nothing, 400, "bad request")
    assert of_nothing.body["detail"].partition(":")[0] == "destination_id"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"exhausted"}


@pytest.mark.parametrize("one", [False, True], ids=["list", "one"])
def test_the_number_of_queries_does_not_grow(a: Caller, one: bool) -> None:
    def add() -> None:
        portal.destination(a.environment, f"{portal.URL}/{uuid4()}")
        made = portal.event(a.environment)
        for row in made.deliveries.all():
            Attempt.objects.create(delivery=row, number=1, duration_ms=1, status_code=500)

    def queries() -> int:
        newest = Event.objects.latest("occurred_at")
        with CaptureQueriesContext(database) as asked:
            assert a.get(f"{PATH}/{newest.pk}" if one else PATH).status == 200
        return len(asked)

    add()
    queries()
    first = queries()
    add()
    add()

    assert queries() == first
