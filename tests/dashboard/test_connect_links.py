from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from connections.models import ConnectSession
from developers.states import Role
from terra_portal import clock, crypto
from tests import cast
from tests.dashboard.scene import Side


def session(side: Side, **extra: object) -> ConnectSession:
    given = {"expires_at": clock.now() + timedelta(minutes=15)} | extra
    return ConnectSession.objects.create(
        environment=side.environment, token_hash=crypto.sha256(uuid4().hex), **given
    )


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        session(a, created_by=cast.person())
    with django_assert_num_queries(5):
        response = a.client.get(a.url("connect-links/"))
    assert len(response.context["rows"]) == count


def test_shows_how_far_each_came(a: Side) -> None:
    now = clock.now()
    session(a)
    session(a, opened_at=now)
    session(a, opened_at=now, connected_at=now)
    session(a, cancelled_at=now)
    session(a, opened_at=now, expires_at=now - timedelta(seconds=1))
    response = a.client.get(a.url("connect-links/"))
    assert [row["state"] for row in response.context["rows"]] == [
        "expired",
        "cancelled",
        "connected",
        "opened",
        "not_opened",
    ]
    page = response.content.decode()
    for word in ("Not opened", "Opened", "Connected", "Cancelled", "Expired"):
        assert f">{word}</span>" in page


def test_shows_and_cancels_only_this_environments(a: Side, b: Side) -> None:
    theirs = session(b, reference_id="theirs")
    assert a.client.get(a.url("connect-links/")).context["rows"] == []
    url = a.url(f"connect-links/{theirs.id}/cancel/")
    unknown = a.client.get(a.url(f"connect-links/{uuid4()}/cancel/"))
    assert a.client.get(url).content == unknown.content
    assert a.client.post(url).status_code == 404
    theirs.refresh_from_db()
    assert theirs.cancelled_at is None
    assert b.client.get(a.url("connect-links/new/")).status_code == 404


@pytest.mark.usefixtures("sandbox")
def test_makes_one_and_shows_its_address_once(a: Side) -> None:
    cast.source(a.environment, cast.oauth_client())
    given = {
        "reference_id": "somebody",
        "providers": ["SANDBOX"],
        "success_url": "https://a.example/yes?x=1",
        "failure_url": "https://a.example/no",
    }
    made = a.client.post(a.url("connect-links/new/"), given)
    link = ConnectSession.objects.get()
    assert (link.reference_id, link.providers) == ("somebody", ["SANDBOX"])
    assert (link.success_url, link.failure_url) == (given["success_url"], given["failure_url"])
    assert link.created_by == a.owner
    url = made.context["url"]
    assert made.content.decode().count(url) == 2
    assert "no-store" in made["Cache-Control"]
    assert (
        url.rstrip("/").rsplit("/", 1)[-1]
        not in a.client.get(a.url("connect-links/")).content.decode()
    )


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("success_url", "javascript:alert(1)"),
        ("failure_url", "javascript:alert(1)"),
        ("reference_id", "nul\x00"),
        ("reference_id", "x" * 513),
        ("success_url", "https://a.example/" + "x" * 2000),
        ("providers", "NOBODY"),
    ],
)
def test_says_what_is_wrong_where_it_is(a: Side, field: str, value: str) -> None:
    cast.source(a.environment, cast.oauth_client())
    response = a.client.post(a.url("connect-links/new/"), {field: value})
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not ConnectSession.objects.exists()


def test_cancelling_asks_first(a: Side) -> None:
    link = session(a, reference_id="somebody")
    url = a.url(f"connect-links/{link.id}/cancel/")
    assert "Cancel the link for somebody?" in a.client.get(url).content.decode()
    assert not ConnectSession.objects.filter(cancelled_at__isnull=False).exists()
    done = a.client.post(url, follow=True)
    assert done.redirect_chain == [(a.url("connect-links/"), 302)]
    first = ConnectSession.objects.get(cancelled_at__isnull=False)
    again = a.client.post(url, follow=True)
    assert "This link was already closed." in again.content.decode()
    assert ConnectSession.objects.get().cancelled_at == first.cancelled_at


def test_a_viewer_reads_and_does_nothing(a: Side) -> None:
    link = session(a)
    viewer = a.colleague(Role.VIEWER)
    page = viewer.get(a.url("connect-links/"))
    assert page.status_code == 200
    assert "New connect link" not in page.content.decode()
    assert "Cancel…" not in page.content.decode()
    assert viewer.post(a.url("connect-links/new/")).status_code == 403
    assert viewer.post(a.url(f"connect-links/{link.id}/cancel/")).status_code == 403


def test_pages_both_ways_over_equal_times(a: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terra_portal.paging.page.__kwdefaults__", {"size": 2})
    moment = clock.now()
    for _ in range(4):
        session(a, created_at=moment)
    first = a.client.get(a.url("connect-links/"))
    second = a.client.get(a.url("connect-links/") + first.context["links"].next_url)
    back = a.client.get(a.url("connect-links/") + second.context["links"].previous_url)
    seen = [row["session"].id for page in (first, second) for row in page.context["rows"]]
    assert len(set(seen)) == 4
    assert [row["session"].id for row in back.context["rows"]] == seen[:2]


def test_a_garbled_reference_in_the_address_is_only_a_suggestion(a: Side) -> None:
    assert a.client.get(a.url("connect-links/new/?reference_id=%00" + "x" * 999)).status_code == 200
    assert a.client.get(a.url("connect-links/?page=%00")).status_code == 200


def test_methods(a: Side) -> None:
    link = session(a)
    assert a.client.head(a.url("connect-links/")).status_code == 200
    assert a.client.post(a.url("connect-links/")).status_code == 405
    assert a.client.head(a.url("connect-links/new/")).status_code == 200
    assert a.client.put(a.url("connect-links/new/")).status_code == 405
    assert a.client.delete(a.url(f"connect-links/{link.id}/cancel/")).status_code == 405
    assert ConnectSession.objects.count() == 1
