"""Figures by API: success rate and latency, of this environment alone."""

from datetime import timedelta

import pytest

from developers.states import DeliveryState
from tests.api import portal
from tests.api.caller import Caller
from tests.api.test_errors import assert_problem

PATH = "/portal/figures"


def test_nothing_was_sent(a: Caller) -> None:
    answer = a.get(PATH)

    assert answer.status == 200
    since = answer.body.pop("since")
    assert since
    assert answer.body == {"status": "success", "newest_only": None, "total": None, "parts": []}


@pytest.mark.parametrize("days", [7, 30])
def test_rate_and_latency_of_the_environment_and_of_a_destination(
    a: Caller, b: Caller, days: int
) -> None:
    to = portal.destination(a.environment)
    for state, status, ago in (
        (DeliveryState.DELIVERED, 200, 3),
        (DeliveryState.DELIVERED, 204, 3),
        (DeliveryState.EXHAUSTED, 500, 1),
    ):
        made = portal.event(a.environment, ago=timedelta(days=ago))
        portal.over(made, state, status=status)
    idle = portal.destination(a.environment, f"{portal.URL}/idle")
    portal.destination(b.environment)
    portal.over(portal.event(b.environment), DeliveryState.EXHAUSTED)

    everything = a.get(PATH, days=days).body
    one = a.get(PATH, days=days, destination_id=str(to.pk)).body
    none = a.get(PATH, days=days, destination_id=str(idle.pk)).body

    assert everything["total"] == {
        "attempts": 3,
        "arrived": 2,
        "success_rate": 66.6,
        "median_ms": 40,
        "p95_ms": 40,
    }
    assert [(part["attempts"], part["arrived"]) for part in everything["parts"]] == [(2, 2), (1, 0)]
    assert everything["parts"] == sorted(everything["parts"], key=lambda part: part["start"])
    assert one == everything
    assert none["total"] is None


@pytest.mark.parametrize("days", ["8", "0", "-1", "many", ""])
def test_a_stretch_that_is_not_offered_is_named(a: Caller, days: str) -> None:
    answer = a.get(PATH, days=days)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == "days"


def test_an_empty_destination_is_nobodys(a: Caller) -> None:
    assert_problem(a.get(PATH, destination_id=""), 404, "not found")
