from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from connections.models import Connection, Revocation
from connections.states import Attention, Door, End
from developers.models import Delivery, Destination, Event
from developers.states import DeliveryState, EventType, Role
from tests import cast
from tests.dashboard.scene import Side, logged

LETTING_GO = (
    "We stop using it at once; the authorisation at the provider is removed "
    "when nothing here needs it."
)


def event(side: Side, connection: Connection, *, delivered: bool = True) -> Event:
    written = Event.objects.create(
        environment=side.environment,
        type=EventType.AUTH,
        subject_id=connection.id,
        sequence=Event.objects.filter(subject_id=connection.id).count() + 1,
        body="{}",
    )
    destination = Destination.objects.create(
        environment=side.environment, url="https://hooks.example/in", signing_secret="whsec_x"
    )
    Delivery.objects.create(
        environment=side.environment,
        event=written,
        destination=destination,
        state=DeliveryState.DELIVERED if delivered else DeliveryState.DUE,
    )
    return written


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_events(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    connection = cast.connection(a.environment, reference_id="somebody")
    for _ in range(count):
        event(a, connection)
        cast.connection(a.environment, reference_id="somebody")
    with django_assert_num_queries(9):
        response = a.client.get(a.url(f"users/{connection.id}/"))
    assert len(response.context["moments"]) == count + 1
    assert len(response.context["also"]) == count


def test_tells_what_happened_newest_first(a: Side) -> None:
    connection = cast.connection(a.environment, reference_id="somebody")
    event(a, connection)
    event(a, connection, delivered=False)
    moments = a.client.get(a.url(f"users/{connection.id}/")).context["moments"]
    assert [(moment.title, moment.text) for moment in moments] == [
        ("Event auth", "Delivered to 0 of 1 destination; the rest waits."),
        ("Event auth", "Delivered to 1 destination."),
        ("Connected", "Sandbox, 2 data types agreed."),
    ]


def test_an_end_says_how_we_know(a: Side) -> None:
    connection, row = logged(
        a.environment, reference_id="somebody", evidence="A signed notice named this consent."
    )
    response = a.client.get(a.url(f"users/{connection.id}/"))
    ended = response.context["moments"][0]
    assert ended.title == "Connection ended: revoked at the provider"
    facts = dict(ended.evidence)
    assert facts["Door"] == "Notice of the provider"
    assert facts["What we saw"] == "A signed notice named this consent."
    assert facts["Log row"] == str(row.id)
    assert "Disconnect…" not in response.content.decode()


def test_knows_nothing_of_others_on_the_same_account(a: Side, b: Side) -> None:
    shared = cast.grant(account="one-wearable-account")
    mine = cast.connection(a.environment, reference_id="somebody", on=shared)
    alone = a.client.get(a.url(f"users/{mine.id}/")).context["moments"]
    theirs = cast.connection(b.environment, reference_id="somebody", on=shared)
    event(b, theirs)
    response = a.client.get(a.url(f"users/{mine.id}/"))
    assert response.context["moments"] == alone
    assert response.context["also"] == []
    page = response.content.decode()
    assert str(theirs.id) not in page
    assert "one-wearable-account" not in page
    assert str(shared.id) not in page
    assert cast.ACCESS_TOKEN not in page


@pytest.mark.parametrize("path", ["", "disconnect/"])
def test_a_foreign_id_is_an_unknown_one(a: Side, b: Side, path: str) -> None:
    theirs = cast.connection(b.environment)
    foreign = a.client.get(a.url(f"users/{theirs.id}/{path}"))
    unknown = a.client.get(a.url(f"users/{uuid4()}/{path}"))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.content == unknown.content
    assert a.client.post(a.url(f"users/{theirs.id}/disconnect/")).status_code == 404
    theirs.refresh_from_db()
    assert theirs.is_active


def test_says_why_it_cannot_be_read(a: Side) -> None:
    connection = cast.connection(a.environment, attention=Attention.NEEDS_REAUTH)
    page = a.client.get(a.url(f"users/{connection.id}/")).content.decode()
    assert "The person has to authorise again" in page
    assert "User without reference" in page


def test_disconnecting_asks_first_and_then_does_it(a: Side) -> None:
    connection = cast.connection(a.environment, reference_id="somebody")
    url = a.url(f"users/{connection.id}/disconnect/")
    question = a.client.get(url)
    assert question.status_code == 200
    assert LETTING_GO in question.content.decode()
    connection.refresh_from_db()
    assert connection.is_active
    answer = a.client.post(url, follow=True)
    assert answer.redirect_chain == [(a.url(f"users/{connection.id}/"), 302)]
    assert LETTING_GO in answer.content.decode()
    row = Revocation.objects.get(user_id=connection.id)
    assert (row.kind, row.door) == (End.DISCONNECTED, Door.DASHBOARD)
    assert row.detail.actor == a.owner.email


def test_disconnecting_twice_writes_one_row(a: Side) -> None:
    connection = cast.connection(a.environment)
    url = a.url(f"users/{connection.id}/disconnect/")
    a.client.post(url)
    again = a.client.post(url, follow=True)
    assert "This user was no longer connected." in again.content.decode()
    assert Revocation.objects.filter(user_id=connection.id).count() == 1
    assert a.client.get(url).status_code == 302


def test_a_viewer_may_read_and_not_disconnect(a: Side) -> None:
    connection = cast.connection(a.environment)
    viewer = a.colleague(Role.VIEWER)
    page = viewer.get(a.url(f"users/{connection.id}/"))
    assert page.status_code == 200
    assert "Disconnect…" not in page.content.decode()
    assert viewer.get(a.url(f"users/{connection.id}/disconnect/")).status_code == 403
    assert viewer.post(a.url(f"users/{connection.id}/disconnect/")).status_code == 403
    connection.refresh_from_db()
    assert connection.is_active


def test_methods(a: Side) -> None:
    connection = cast.connection(a.environment)
    url = a.url(f"users/{connection.id}/")
    assert a.client.head(url).status_code == 200
    assert a.client.post(url).status_code == 405
    assert a.client.head(url + "disconnect/").status_code == 200
    assert a.client.delete(url + "disconnect/").status_code == 405
    connection.refresh_from_db()
    assert connection.is_active
