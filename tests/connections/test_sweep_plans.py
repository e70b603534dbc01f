"""What the sweeps read: the rows that they take, however many grants there are or wait."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import Q, QuerySet

from connections import sweeps
from connections.models import Grant, OAuthClient
from connections.states import GrantState
from terra_portal import clock
from tests import cast

MANY = 3000
TAKEN = 3


@pytest.fixture
def crowd(db: None) -> OAuthClient:
    """Thousands of grants of one application. Half of them wait, and few of those are doubted."""
    client, now = cast.oauth_client(), clock.now()
    Grant.objects.bulk_create(
        Grant(
            oauth_client=client,
            provider_user_id=f"account {number}",
            state=GrantState.ACTIVE,
            authorised_at=now,
            doubted=number % 100 == 0,
            next_probe_at=now + timedelta(seconds=number - MANY // 2),
            subscribe_due_at=now + timedelta(seconds=number - MANY // 2) if number % 2 else None,
        )
        for number in range(MANY)
    )
    for _ in range(20):
        cast.oauth_client()
    analyze()
    return client


def analyze() -> None:
    with database.cursor() as cursor:
        cursor.execute("ANALYZE connections_grant, connections_oauthclient")


def scans(rows: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """Every step of the executed plan that reads grants."""
    (plan,) = json.loads(rows.explain(format="json", analyze=True, buffers=True))
    return [
        node for node in nodes(plan["Plan"]) if node.get("Relation Name") == Grant._meta.db_table
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def assert_reads_little(rows: QuerySet[Any, Any], index: str, *, most: int) -> None:
    found = scans(rows)
    assert found
    for scan in found:
        assert scan.get("Index Name") == index, scan
        assert scan["Actual Rows"] <= most, scan
        assert scan.get("Rows Removed by Filter", 0) == 0, scan
        # A handful of pages for each time that it is searched: nothing is read over.
        assert buffers(scan) <= scan["Actual Loops"] * (most + 8), scan


def buffers(scan: dict[str, Any]) -> int:
    return int(scan["Shared Hit Blocks"]) + int(scan["Shared Read Blocks"])


@pytest.mark.parametrize("band", sweeps.DOUBTED_FIRST, ids=["doubted", "not"])
def test_looking_reads_the_rows_that_it_takes(crowd: OAuthClient, band: Q) -> None:
    rows = sweeps.due(crowd.pk, "next_probe_at", band)[:TAKEN]
    assert len(rows) == TAKEN
    assert_reads_little(rows, "grant_to_probe", most=TAKEN)


def test_subscribing_reads_the_rows_that_it_takes(crowd: OAuthClient) -> None:
    rows = sweeps.due(crowd.pk, "subscribe_due_at", Q())[:TAKEN]
    assert len(rows) == TAKEN
    assert_reads_little(rows, "grant_to_subscribe", most=TAKEN)


@pytest.mark.parametrize("hours", [0, -2], ids=["half of them wait", "nobody waits"])
def test_finding_the_applications_reads_a_row_of_each(crowd: OAuthClient, hours: int) -> None:
    now = clock.now() + timedelta(hours=hours)
    everyone = OAuthClient.objects.all()
    ready = sweeps.applications_ready(everyone, "next_probe_at", sweeps.DOUBTED_FIRST, now)
    assert list(ready) == ([] if hours else [crowd.pk])
    assert_reads_little(ready, "grant_to_probe", most=1)
    ready = sweeps.applications_ready(everyone, "subscribe_due_at", sweeps.ALL_ALIKE, now)
    assert list(ready) == ([] if hours else [crowd.pk])
    assert_reads_little(ready, "grant_to_subscribe", most=1)


def test_what_may_not_knock_is_not_even_searched(crowd: OAuthClient) -> None:
    OAuthClient.objects.update(busy_until=clock.now() + timedelta(minutes=5))
    everyone = OAuthClient.objects.all()
    ready = sweeps.applications_ready(everyone, "next_probe_at", sweeps.DOUBTED_FIRST, clock.now())
    assert sum(scan["Actual Loops"] for scan in scans(ready)) == 0


def test_those_without_a_time_are_found_by_themselves(crowd: OAuthClient) -> None:
    found = sweeps.without_a_time().values_list("pk", "oauth_client__provider")[:TAKEN]
    assert list(found) == []
    for scan in scans(found):
        assert scan.get("Index Name") == "grant_without_a_time", scan
        assert buffers(scan) <= 8
    Grant.objects.update(next_probe_at=None)
    assert len(found.all()) == TAKEN


def test_what_is_due_to_be_revoked_is_found_by_its_index(crowd: OAuthClient) -> None:
    due = Grant.objects.filter(revoke_due_at__lte=clock.now()).order_by("revoke_due_at")
    assert_reads_little(due[:TAKEN], "grant_to_revoke", most=TAKEN)
