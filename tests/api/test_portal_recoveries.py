"""Recoveries by API: begun, watched, and listed."""

from datetime import timedelta
from typing import Any

import pytest

from developers.models import Delivery, Recovery
from developers.states import DeliveryState
from developers.webhooks import resend
from terra_portal import clock
from tests.api import portal
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem

PATH = "/portal/recoveries"


def failed(caller: Caller, *, ago: timedelta) -> Delivery:
    return portal.over(portal.event(caller.environment, ago=ago), DeliveryState.EXHAUSTED)


def since(**ago: int) -> str:
    return (clock.now() - timedelta(**ago)).isoformat()


def test_what_failed_since_then_goes_out_again(a: Caller, b: Caller) -> None:
    portal.destination(a.environment)
    portal.destination(b.environment)
    recent, old = failed(a, ago=timedelta(hours=1)), failed(a, ago=timedelta(days=3))
    foreign = failed(b, ago=timedelta(hours=1))

    begun = a.post(PATH, {"since": since(days=1)})
    path = f"{PATH}/{begun.body['recovery']['id']}"
    resend.carry_on(Recovery.objects.get().pk)
    finished = a.get(path)

    assert begun.status == 201
    assert begun.body["recovery"]["total"] == 1
    assert begun.body["recovery"]["destination_id"] is None
    assert finished.status == 200
    assert finished.body["recovery"]["state"] == "done"
    assert (finished.body["recovery"]["done"], finished.body["recovery"]["total"]) == (1, 1)
    assert finished.body["recovery"]["finished_at"]
    states = dict(Delivery.objects.values_list("pk", "state"))
    assert states == {recent.pk: "due", old.pk: "exhausted", foreign.pk: "exhausted"}


def test_of_one_destination_alone(a: Caller) -> None:
    to = portal.destination(a.environment)
    failed(a, ago=timedelta(hours=1))
    other = portal.destination(a.environment, f"{portal.URL}/other")

    here = a.post(PATH, {"since": since(days=1), "destination_id": str(to.pk)})
    there = a.post(PATH, {"since": since(days=1), "destination_id": str(other.pk)})

    assert here.body["recovery"]["destination_id"] == str(to.pk)
    assert here.body["recovery"]["total"] == 1
    assert there.body["recovery"]["total"] == 0


def test_the_list_is_the_newest_first_and_of_this_environment(a: Caller, b: Caller) -> None:
    first = a.post(PATH, {"since": since(days=1)}).body["recovery"]["id"]
    second = a.post(PATH, {"since": since(days=2)}).body["recovery"]["id"]
    b.post(PATH, {"since": since(days=1)})

    page = a.get(PATH, per_page=1).body
    rest = a.get(PATH, per_page=1, cursor=page["next"]).body

    assert [row["id"] for row in page["recoveries"]] == [second]
    assert [row["id"] for row in rest["recoveries"]] == [first]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "since"),
        ({"since": None}, "since"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-27T10:00:00"}, "since"),
        ({"since": 1_764_237_600}, "since"),
        ({"since": "1764237600"}, "since"),
        ({"since": True}, "since"),
        ({"since": "2999-01-01T00:00:00Z"}, "since"),
        ({"since": "0001-01-01T00:00:00Z"}, "since"),
        ({"since": "2026-01-01T00:00:00Z", "destination_id": 7}, "destination_id"),
        ({"since": "2026-01-01T00:00:00Z", "destination": "x"}, "destination"),
    ],
)
def test_what_does_not_fit_is_400_and_named(a: Caller, sent: dict[str, Any], field: str) -> None:
    answer = a.post(PATH, sent)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field
    assert not Recovery.objects.exists()


def test_an_empty_destination_is_nobodys_and_not_every_one(a: Caller) -> None:
    portal.destination(a.environment)
    failed(a, ago=timedelta(hours=1))

    answer = a.post(PATH, {"since": since(days=1), "destination_id": ""})

    assert_problem(answer, 404, "not found")
    assert not Recovery.objects.exists()
