from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection
from connections.states import Attention, End
from developers.states import Role
from terra_portal import clock, paging
from tests import cast
from tests.dashboard.scene import Side


def shown(side: Side, query: str = "") -> list[str]:
    """The references on the page, from top to bottom."""
    response = side.client.get(side.url("users/") + query)
    assert response.status_code == 200
    return [row.reference_id for row, _ in response.context["rows"]]


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        cast.connection(a.environment, reference_id=f"person-{number}")
    with django_assert_num_queries(5):
        response = a.client.get(a.url("users/"))
    assert response.content.decode().count("<tr>") == count + 1


def test_shows_nobody_of_another_company_or_environment(a: Side, b: Side) -> None:
    shared = cast.grant(account="one-wearable-account")
    cast.connection(a.environment, reference_id="mine", on=shared)
    cast.connection(b.environment, reference_id="theirs", on=shared)
    staging = a.company.environments.get(kind="staging")
    cast.connection(staging, reference_id="staged", on=shared)
    page = a.client.get(a.url("users/")).content.decode()
    assert "mine" in page
    assert "theirs" not in page
    assert "staged" not in page
    assert "one-wearable-account" not in page


def test_outsiders_and_unknown_addresses_get_the_same_answer(a: Side, b: Side) -> None:
    foreign = b.client.get(a.url("users/"))
    unknown = b.client.get("/c/nobody-here/testing/users/")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content


def test_filters_by_state_reference_and_id(a: Side) -> None:
    cast.connection(a.environment, reference_id="active")
    failing = cast.connection(
        a.environment, reference_id="failing", attention=Attention.PROVIDER_FAILING
    )
    cast.ended(a.environment, kind=End.REVOKED, reference_id="revoked")
    cast.ended(a.environment, kind=End.REPLACED, reference_id="replaced")
    assert shown(a) == ["replaced", "revoked", "failing", "active"]
    assert shown(a, "?state=active") == ["failing", "active"]
    assert shown(a, "?state=attention") == ["failing"]
    assert shown(a, "?state=provider_failing") == ["failing"]
    assert shown(a, "?state=ended") == ["replaced", "revoked"]
    assert shown(a, "?state=revoked") == ["revoked"]
    assert shown(a, "?q=replaced") == ["replaced"]
    assert shown(a, f"?q={failing.id}") == ["failing"]
    assert shown(a, f"?q={uuid4()}") == []
    assert shown(a, "?provider=SANDBOX") == ["replaced", "revoked", "failing", "active"]


def test_filters_by_day_both_ends_included(a: Side) -> None:
    today = clock.now().date()
    for days in (0, 1, 2):
        cast.connection(
            a.environment,
            reference_id=f"{days}",
            created_at=clock.now() - timedelta(days=days),
        )
    yesterday = today - timedelta(days=1)
    assert shown(a, f"?since={yesterday}") == ["0", "1"]
    assert shown(a, f"?until={yesterday}") == ["1", "2"]
    assert shown(a, f"?since={yesterday}&until={yesterday}") == ["1"]


def test_pages_lose_nobody_among_equal_times_in_either_direction(
    a: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terra_portal.paging.page.__kwdefaults__", {"size": 2})
    moment = clock.now()
    for number in range(7):
        cast.connection(a.environment, reference_id=f"p{number}", created_at=moment)
    forth, query = [], ""
    while True:
        response = a.client.get(a.url("users/") + query)
        forth.append([row.id for row, _ in response.context["rows"]])
        links: paging.Links = response.context["links"]
        if not links.next_url:
            break
        query = links.next_url
    back = [forth[-1]]
    while links.previous_url:
        response = a.client.get(a.url("users/") + links.previous_url)
        back.append([row.id for row, _ in response.context["rows"]])
        links = response.context["links"]
    assert [len(page) for page in forth] == [2, 2, 2, 1]
    assert sum(forth, []) == list(
        Connection.objects.order_by("-created_at", "-id").values_list("id", flat=True)
    )
    assert back == forth[::-1]


def test_a_page_keeps_the_filters(a: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terra_portal.paging.page.__kwdefaults__", {"size": 1})
    for reference in ("one", "two", "gone"):
        cast.connection(a.environment, reference_id=reference)
    cast.ended(a.environment, reference_id="over")
    response = a.client.get(a.url("users/?state=active"))
    follow = response.context["links"].next_url
    assert [row.reference_id for row, _ in response.context["rows"]] == ["gone"]
    assert shown(a, follow) == ["two"]


@pytest.mark.parametrize(
    "query",
    [
        "?since=yesterday",
        "?until=2026-02-31",
        "?since=2026-02-02&until=2026-02-01",
        "?state=lost",
        "?provider=NOBODY",
        "?q=%00",
        "?state=%00",
        "?since=%00",
        "?q=" + "x" * 600,
    ],
)
def test_says_what_is_wrong_with_a_filter(a: Side, query: str) -> None:
    cast.connection(a.environment, reference_id="somebody")
    response = a.client.get(a.url("users/") + query)
    assert response.status_code == 200
    assert list(response.context["rows"]) == []
    assert "Nothing is shown until this is mended." in response.content.decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "%00",
        "garbage",
        "o1-",
        "o999999999999999999-" + "f" * 32,
        "n0-" + "0" * 32,
        "x" * 5000,
        "o٣-" + "0" * 32,
    ],
)
def test_a_garbled_cursor_gives_the_first_page(a: Side, cursor: str) -> None:
    cast.connection(a.environment, reference_id="somebody")
    assert shown(a, f"?page={cursor}") == ["somebody"]


def test_the_largest_days_are_days_like_any_other(a: Side) -> None:
    cast.connection(a.environment, reference_id="somebody")
    assert shown(a, "?since=0001-01-01&until=9999-12-31") == ["somebody"]


def test_htmx_gets_the_list_alone_and_history_the_page(a: Side) -> None:
    cast.connection(a.environment, reference_id="somebody")
    part = a.client.get(a.url("users/"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "somebody" in part
    restored = a.client.get(
        a.url("users/"),
        headers={"HX-Request": "true", "HX-History-Restore-Request": "true"},
    )
    assert "<html" in restored.content.decode()


def test_is_read_only(a: Side) -> None:
    assert a.client.head(a.url("users/")).status_code == 200
    assert a.client.post(a.url("users/")).status_code == 405


def test_a_viewer_is_offered_no_deed(a: Side) -> None:
    page = a.colleague(Role.VIEWER).get(a.url("users/")).content.decode()
    assert "New connect link" not in page
    assert "New connect link" in a.client.get(a.url("users/")).content.decode()
