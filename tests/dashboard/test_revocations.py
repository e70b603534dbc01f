import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from connections.states import Door, End
from terra_portal import clock
from tests.dashboard.scene import Side, logged


def shown(side: Side, query: str = "") -> list[str]:
    response = side.client.get(side.url("revocations/") + query)
    assert response.status_code == 200
    return [row["detail"].reference_id for row in response.context["rows"]]


def exported(client: Client, url: str) -> list[dict[str, str]]:
    text = client.get(url).getvalue().decode()
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        logged(a.environment, reference_id=f"person-{number}")
    with django_assert_num_queries(6):
        response = a.client.get(a.url("revocations/"))
    assert len(response.context["rows"]) == count


def test_shows_only_this_environment(a: Side, b: Side) -> None:
    logged(a.environment, reference_id="mine")
    logged(b.environment, reference_id="theirs")
    assert shown(a) == ["mine"]
    assert shown(a, "?q=theirs") == []
    assert [row["reference_id"] for row in exported(a.client, a.url("revocations/export.csv"))] == [
        "mine"
    ]
    assert b.client.get(a.url("revocations/")).status_code == 404
    assert b.client.get(a.url("revocations/export.csv")).status_code == 404


def test_filters(a: Side) -> None:
    revoked, _ = logged(a.environment, reference_id="revoked")
    logged(a.environment, reference_id="left", kind=End.DISCONNECTED, door=Door.HOSTED_PAGE)
    logged(a.environment, reference_id="back", kind=End.REPLACED, door=Door.RECONNECT)
    assert shown(a) == ["back", "left", "revoked"]
    assert shown(a, "?kind=revoked") == ["revoked"]
    assert shown(a, "?door=hosted_page") == ["left"]
    assert shown(a, "?provider=SANDBOX&kind=replaced") == ["back"]
    assert shown(a, f"?q={revoked.id}") == ["revoked"]
    assert shown(a, "?q=left") == ["left"]
    assert shown(a, f"?q={uuid4()}") == []


def test_filters_by_day(a: Side) -> None:
    now = clock.now()
    logged(a.environment, reference_id="old", recorded_at=now - timedelta(days=3))
    logged(a.environment, reference_id="new", recorded_at=now)
    assert shown(a, f"?since={now.date()}") == ["new"]
    assert shown(a, f"?until={(now - timedelta(days=3)).date()}") == ["old"]


def test_pages_both_ways_over_equal_times(a: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terra_portal.paging.page.__kwdefaults__", {"size": 2})
    moment = clock.now()
    for number in range(4):
        logged(a.environment, reference_id=f"p{number}", recorded_at=moment)
    first = a.client.get(a.url("revocations/"))
    second = a.client.get(a.url("revocations/") + first.context["links"].next_url)
    back = a.client.get(a.url("revocations/") + second.context["links"].previous_url)
    seen = [row["entry"].id for page in (first, second) for row in page.context["rows"]]
    assert len(set(seen)) == 4
    assert not second.context["links"].next_url
    assert [row["entry"].id for row in back.context["rows"]] == seen[:2]


@pytest.mark.parametrize(
    "query",
    ["?since=soon", "?kind=bored", "?door=window", "?provider=%00", "?q=%00", "?q=" + "x" * 600],
)
def test_says_what_is_wrong_with_a_filter(a: Side, query: str) -> None:
    logged(a.environment, reference_id="somebody")
    response = a.client.get(a.url("revocations/") + query)
    assert response.status_code == 200
    assert response.context["rows"] == []
    assert "Nothing is shown until this is mended." in response.content.decode()
    export = a.client.get(a.url("revocations/export.csv") + query)
    assert export.status_code == 302


def test_the_export_holds_the_filtered_rows_and_no_formula(a: Side) -> None:
    connection, row = logged(
        a.environment, reference_id="=HYPERLINK(1)", actor="-owner", evidence="seen, twice"
    )
    logged(a.environment, reference_id="other", kind=End.REPLACED, door=Door.RECONNECT)
    rows = exported(a.client, a.url("revocations/export.csv?kind=revoked"))
    assert [found["id"] for found in rows] == [str(row.id)]
    assert rows[0]["user_id"] == str(connection.id)
    assert rows[0]["reference_id"] == "'=HYPERLINK(1)"
    assert rows[0]["actor"] == "'-owner"
    assert rows[0]["evidence"] == "seen, twice"


def test_an_erased_detail_says_so(a: Side) -> None:
    logged(a.environment, erased_at=clock.now())
    page = a.client.get(a.url("revocations/")).content.decode()
    assert ">erased</a>" in page


def test_htmx_gets_the_list_alone_without_the_chart(
    a: Side, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    logged(a.environment, reference_id="somebody")
    with django_assert_num_queries(4):
        part = a.client.get(a.url("revocations/"), headers={"HX-Request": "true"})
    assert "somebody" in part.content.decode()
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("path", ["revocations/", "revocations/export.csv"])
def test_is_read_only(a: Side, path: str) -> None:
    assert a.client.head(a.url(path)).status_code == 200
    assert a.client.post(a.url(path)).status_code == 405
