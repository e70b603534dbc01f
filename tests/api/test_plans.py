"""Each operation that looks something up reads what it answers, however much else there is.

The statements are the requests' own. What lists of users, the log and the console's filters read
is asserted closer to them: in test_user_plans and in the tests of those.
"""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Model

from benches import bulk
from connections.api import lists
from connections.models import ConnectAttempt, Connection, ConnectSession
from connections.states import ConnectionState, End
from developers.models import (
    ApiKey,
    Attempt,
    Delivery,
    Destination,
    Environment,
    Event,
    Recovery,
)
from developers.states import DeliveryState, RecoveryState
from terra_portal import clock
from tests import cast
from tests.api import plans
from tests.api.caller import Caller
from tests.api.plans import Read

MANY = 4000
PAGE = 10
CHUNK = 20
# What a page reads beyond its rows: the next one, and those at the cursor's own moment.
OVER = 4
# Either leads from an event to its deliveries.
DELIVERIES = ("one_delivery", "developers_delivery_event_id")
# One a minute, the first the newest.
AT = "now() - number * interval '1 minute'"


def users(caller: Caller) -> None:
    """Connected users, each under a reference of their own; as many have ended."""
    grant, now = cast.grant(), clock.now()
    gone = {"state": ConnectionState.ENDED, "ended_at": now, "end_kind": End.DISCONNECTED}
    for state in ({}, gone):
        alike = Connection(environment=caller.environment, grant=grant, provider="SANDBOX", **state)
        own = {
            "id": "gen_random_uuid()",
            "provider_user_id": "number::text",
            "reference_id": "'person ' || number",
            "created_at": AT,
        }
        many(alike, own)


def outbox(caller: Caller) -> None:
    """Events, each delivered after an attempt to one of many destinations; and recoveries."""
    here = caller.environment
    many(
        Destination(environment=here, url="https://a.example/"),
        {"id": _id(here, "destination"), "created_at": AT, "signing_secret": "''"},
    )
    kinds = "CASE mod(number, 10) WHEN 0 THEN 'deauth' ELSE 'auth' END"
    own = {"id": _id(here, "event"), "subject_id": "gen_random_uuid()"}
    many(
        Event(environment=here, body="{}"),
        own | {"type": kinds, "reference_id": "'person ' || number", "occurred_at": AT},
    )
    belongs = {"event_id": _id(here, "event"), "destination_id": _id(here, "destination")}
    many(
        Delivery(environment=here, state=DeliveryState.DELIVERED, attempt_count=1),
        {"id": _id(here, "delivery"), "created_at": AT, "finished_at": AT} | belongs,
    )
    many(
        Attempt(number=1, status_code=200, duration_ms=1),
        {"id": "gen_random_uuid()", "delivery_id": _id(here, "delivery")},
    )
    many(
        Recovery(environment=here, since=clock.now(), state=RecoveryState.DONE),
        {"id": "gen_random_uuid()", "created_at": AT},
    )


def sessions(caller: Caller) -> None:
    """Links, each with one click on a wearable."""
    here, client, until = caller.environment, cast.oauth_client(), clock.now()
    many(
        ConnectSession(environment=here, expires_at=until),
        {"id": _id(here, "session"), "token_hash": _id(here, "token"), "created_at": AT},
    )
    own = {"id": _id(here, "attempt"), "session_id": _id(here, "session"), "created_at": AT}
    many(
        ConnectAttempt(environment=here, provider="SANDBOX", oauth_client=client, expires_at=until),
        own | {"user_id": "gen_random_uuid()", "state_hash": _id(here, "state")},
    )


def keys(caller: Caller) -> None:
    alike = ApiKey(environment=caller.environment, name="one of many", hint="many")
    many(alike, {"id": "gen_random_uuid()", "key_hash": "gen_random_uuid()::text"})


def many(alike: Model, own: dict[str, str]) -> None:
    source = "FROM generate_series(1, %s) AS number"
    bulk.multiply(alike, own, source=source, values=[MANY])


def _id(environment: Environment, thing: str) -> str:
    return f"md5('{thing} of {environment.pk} ' || number)::uuid"


@pytest.fixture
def crowd(a: Caller, b: Caller) -> Caller:
    """One of two environments with thousands of users."""
    for caller in (a, b):
        users(caller)
        keys(caller)
    plans.analyze()
    return a


@pytest.fixture
def sender(a: Caller, b: Caller) -> Caller:
    """One of two environments that have sent thousands of events to thousands of destinations."""
    for caller in (a, b):
        outbox(caller)
        keys(caller)
    plans.analyze()
    return a


@pytest.fixture
def linker(a: Caller, b: Caller) -> Caller:
    """One of two environments that have made thousands of links."""
    for caller in (a, b):
        sessions(caller)
    plans.analyze()
    return a


def one(model: Any, caller: Caller, **which: Any) -> UUID:
    found: UUID = model.objects.filter(environment=caller.environment, **which)[0].pk
    return found


def assert_reads_little(reads: list[Read], *indexes: str, most: int) -> None:
    """By these indexes and no other; no step reads or sorts more rows than that."""
    assert reads
    for read in reads:
        by = (*indexes, "developers_apikey_key_hash")
        assert read.kind in {"Sort", "Bitmap Heap Scan"} or read.index.startswith(by), read
        assert read.rows <= most, read


def test_an_api_key_is_found_by_its_hash(crowd: Caller) -> None:
    answer, reads = plans.reads(crowd, "GET", "/portal/recoveries", query_params={"per_page": 1})
    assert answer.status == 200
    (key,) = [read for read in reads if read.table == ApiKey._meta.db_table]
    assert (key.index.startswith("developers_apikey_key_hash"), key.rows) == (True, 1)


def test_a_user_is_found_by_their_id(crowd: Caller) -> None:
    user = one(Connection, crowd)
    answer, reads = plans.reads(crowd, "GET", "/userInfo", query_params={"user_id": str(user)})
    assert answer.body["user"]["user_id"] == str(user)
    assert_reads_little(reads, "connections_connection_pkey", most=1)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """To thousands of users what the real ones are to a hundred thousand."""
    monkeypatch.setattr(lists, "CHUNK", CHUNK)


def test_everyone_under_a_reference_is_found_by_it(crowd: Caller) -> None:
    asked = {"query_params": {"reference_id": "person 7"}}
    answer, reads = plans.reads(crowd, "GET", "/userInfo", **asked)
    assert len(answer.body["users"]) == 1
    # The other one has ended.
    assert_reads_little(reads, "connection_by_ref", most=2)


@pytest.mark.usefixtures("small_chunks")
def test_everyone_is_read_chunk_by_chunk(crowd: Caller) -> None:
    answer, reads = plans.reads(crowd, "GET", "/subscriptions")
    assert len(answer.body["users"]) == MANY
    assert_reads_little(reads, "connection_walked", "connection_by_state", most=CHUNK)


def test_pages_walked_in_order_read_their_own_rows(crowd: Caller) -> None:
    seen = 0
    following: int | None = 0
    while following is not None:
        asked = {"query_params": {"page": str(following), "per_page": str(CHUNK)}}
        answer, reads = plans.reads(crowd, "GET", "/subscriptions", **asked)
        seen += len(answer.body["data"]["results"])
        following = answer.body["data"]["next"]
        walked = [read for read in reads if read.table == Connection._meta.db_table]
        assert_reads_little(walked, "connection_walked", "connection_by_state", most=CHUNK + 1)
    assert seen == MANY


def test_many_users_are_found_by_their_ids(crowd: Caller) -> None:
    some = Connection.objects.filter(environment=crowd.environment)[:20]
    asked = json.dumps([str(user.pk) for user in some])
    answer, reads = plans.reads(crowd, "POST", "/bulkUserInfo", data=asked)
    assert len(answer.body) == 20
    assert_reads_little(reads, "connections_connection_pkey", most=20)


def test_a_user_who_is_renamed_is_found_with_the_others_on_the_account(crowd: Caller) -> None:
    user = one(Connection, crowd, state=ConnectionState.ACTIVE)
    asked = '{"reference_id": "somebody else"}'
    answer, reads = plans.reads(crowd, "PATCH", f"/users/{user}", data=asked)
    assert answer.body["user"]["reference_id"] == "somebody else"
    indexes = ("connections_connection_pkey", "one_live_connection")
    assert_reads_little(reads, *indexes, most=1)


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({}, "event_listed"),
        ({"type": "deauth"}, "event_by_type"),
        ({"until": (clock.now() - timedelta(minutes=MANY / 2)).isoformat()}, "event_listed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value,
)
def test_a_page_of_events_reads_its_own_rows_wherever_it_begins(
    sender: Caller, asked: dict[str, str], index: str
) -> None:
    asked = asked | {"per_page": str(PAGE)}
    for _ in range(2):
        answer, reads = plans.reads(sender, "GET", "/portal/events", query_params=asked)
        assert len(answer.body["events"]) == PAGE
        assert_reads_little(reads, index, *DELIVERIES, most=PAGE + OVER)
        asked = asked | {"cursor": answer.body["next"]}


def test_an_event_is_found_with_its_deliveries_and_attempts(sender: Caller) -> None:
    event = one(Event, sender)
    answer, reads = plans.reads(sender, "GET", f"/portal/events/{event}")
    assert len(answer.body["event"]["deliveries"][0]["attempts"]) == 1
    indexes = ("developers_event_pkey", "attempt_number_once", *DELIVERIES)
    assert_reads_little(reads, *indexes, most=1)


@pytest.mark.parametrize(
    ("path", "rows", "index"),
    [
        ("/portal/destinations", "destinations", "destination_listed"),
        ("/portal/recoveries", "recoveries", "recovery_listed"),
    ],
)
def test_a_page_reads_its_own_rows_wherever_it_begins(
    sender: Caller, path: str, rows: str, index: str
) -> None:
    asked = {"per_page": str(PAGE)}
    for _ in range(2):
        answer, reads = plans.reads(sender, "GET", path, query_params=asked)
        assert len(answer.body[rows]) == PAGE
        assert_reads_little(reads, index, most=PAGE + OVER)
        asked = asked | {"cursor": answer.body["next"]}


@pytest.mark.parametrize(
    ("model", "path"), [(Destination, "/portal/destinations"), (Recovery, "/portal/recoveries")]
)
def test_one_is_found_by_its_id(sender: Caller, model: Any, path: str) -> None:
    answer, reads = plans.reads(sender, "GET", f"{path}/{one(model, sender)}")
    assert answer.status == 200
    assert_reads_little(reads, f"{model._meta.db_table}_pkey", most=1)


def test_a_delivery_that_is_sent_again_is_found_by_event_and_destination(sender: Caller) -> None:
    delivery = Delivery.objects.filter(environment=sender.environment)[0]
    path = f"/portal/events/{delivery.event_id}/resend"
    asked = json.dumps({"destination_id": str(delivery.destination_id)})
    answer, reads = plans.reads(sender, "POST", path, data=asked)
    assert answer.body["delivery"]["id"] == str(delivery.pk)
    keys = [f"{model._meta.db_table}_pkey" for model in (Delivery, Destination, Event)]
    assert_reads_little(reads, *DELIVERIES, "delivery_by_state", *keys, most=1)


def test_a_session_is_found_with_its_attempts(linker: Caller) -> None:
    session = one(ConnectSession, linker)
    answer, reads = plans.reads(linker, "GET", f"/portal/sessions/{session}")
    assert len(answer.body["session"]["attempts"]) == 1
    found = [read for read in reads if read.table != ApiKey._meta.db_table]
    assert_reads_little(found, "connections_connectsession_pkey", "attempt_of_session", most=1)
