"""What is another environment's answers like what is nobody's, and costs as many queries."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from developers.models import Delivery, Destination, Recovery
from developers.states import DeliveryState
from terra_portal import clock
from tests.api import portal
from tests.api.caller import Answer, Caller
from tests.api.test_errors import assert_problem

BODIES: dict[str, Any] = {
    "rotate": {"keep_hours": 1},
    "test": {"type": "auth"},
    "change": {"deadline_seconds": 9},
}
OF_DESTINATIONS = [
    ("GET", "/portal/destinations/{}", None),
    ("PATCH", "/portal/destinations/{}", BODIES["change"]),
    ("DELETE", "/portal/destinations/{}", None),
    ("POST", "/portal/destinations/{}/rotate", BODIES["rotate"]),
    ("POST", "/portal/destinations/{}/pause", None),
    ("POST", "/portal/destinations/{}/enable", None),
    ("POST", "/portal/destinations/{}/test", BODIES["test"]),
    ("GET", "/portal/figures?destination_id={}", None),
]


def queried(caller: Caller, method: str, path: str, body: Any) -> tuple[Answer, int]:
    data = json.dumps(body) if body is not None else ""
    with CaptureQueriesContext(database) as asked:
        answer = caller.send(method, path, data=data)
    return answer, len(asked)


def assert_alike(caller: Caller, foreign: Any, method: str, path: str, body: Any) -> None:
    caller.get("/portal/events")  # the key was used just now: no answer writes that down again
    unknown, not_one = uuid4(), "no-uuid-at-all"
    (theirs, of_theirs), (nobodys, of_nobodys), (odd, of_odd) = (
        queried(caller, method, path.format(name), body) for name in (foreign, unknown, not_one)
    )
    assert_problem(theirs, 404, "not found")
    said = json.dumps(theirs.body)
    assert said.replace(str(foreign), "X") == json.dumps(nobodys.body).replace(str(unknown), "X")
    assert said.replace(str(foreign), "X") == json.dumps(odd.body).replace(not_one, "X")
    assert of_theirs == of_nobodys == of_odd


@pytest.mark.parametrize(("method", "path", "body"), OF_DESTINATIONS)
def test_a_foreign_destination_is_nobodys(
    a: Caller, b: Caller, method: str, path: str, body: Any
) -> None:
    foreign = portal.destination(b.environment)
    portal.destination(a.environment)
    before = Destination.objects.filter(pk=foreign.pk).values().get()

    assert_alike(a, foreign.pk, method, path, body)

    assert Destination.objects.filter(pk=foreign.pk).values().get() == before
    assert not Delivery.objects.exists()


def test_a_foreign_event_is_nobodys(a: Caller, b: Caller) -> None:
    portal.destination(b.environment)
    foreign = portal.event(b.environment)

    assert_alike(a, foreign.pk, "GET", "/portal/events/{}", None)


def test_a_foreign_event_is_not_sent_again(a: Caller, b: Caller) -> None:
    theirs, mine = portal.destination(b.environment), portal.destination(a.environment)
    foreign = portal.event(b.environment)
    portal.over(foreign, DeliveryState.EXHAUSTED)
    own = portal.event(a.environment)
    path = "/portal/events/{}/resend"

    for to in (theirs, mine):
        assert_alike(a, foreign.pk, "POST", path, {"destination_id": str(to.pk)})
    for name in (str(theirs.pk), str(uuid4()), "no-uuid-at-all"):
        answer = a.post(path.format(own.pk), {"destination_id": name})
        assert_problem(answer, 404, "not found")
        assert answer.body["detail"] == "delivery not found"

    assert Delivery.objects.get(event=foreign).state == DeliveryState.EXHAUSTED


def test_a_foreign_recovery_is_nobodys(a: Caller, b: Caller) -> None:
    foreign = Recovery.objects.create(environment=b.environment, since=clock.now())

    assert_alike(a, foreign.pk, "GET", "/portal/recoveries/{}", None)


def test_nothing_is_recovered_at_a_foreign_destination(a: Caller, b: Caller) -> None:
    foreign = portal.destination(b.environment)
    since = (clock.now() - timedelta(days=1)).isoformat()

    answers = [
        a.post("/portal/recoveries", {"since": since, "destination_id": name})
        for name in (str(foreign.pk), str(uuid4()), "no-uuid-at-all")
    ]

    assert [answer.body["detail"] for answer in answers] == ["destination not found"] * 3
    assert {answer.status for answer in answers} == {404}
    assert not Recovery.objects.exists()


def test_the_other_environments_of_one_company_are_foreign_too(a: Caller) -> None:
    staging = a.environment.company.environments.get(kind="staging")
    other = portal.destination(staging)

    assert_problem(a.get(f"/portal/destinations/{other.pk}"), 404, "not found")
    assert a.get("/portal/destinations").body["destinations"] == []
