from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from connections.models import ConnectAttempt, ConnectSession
from connections.states import Attention, Door, End
from developers.models import Delivery, Destination, Event
from developers.states import DeliveryState, DestinationState, EventType, Role
from terra_portal import clock, crypto
from tests import cast
from tests.dashboard.scene import Side, logged


def value(response: object, label: str) -> str:
    figures = response.context["figures"]  # type: ignore[attr-defined]
    return str(next(figure["value"] for figure in figures if figure["label"] == label))


def link(side: Side, number: int, *, attempt: bool = False, **extra: object) -> ConnectSession:
    made = ConnectSession.objects.create(
        environment=side.environment,
        token_hash=crypto.sha256(f"{side.company.slug}-{number}"),
        expires_at=clock.now() + timedelta(minutes=15),
        **extra,
    )
    if attempt:
        ConnectAttempt.objects.create(
            session=made,
            environment=side.environment,
            provider="SANDBOX",
            oauth_client=cast.oauth_client(),
            state_hash=crypto.sha256(f"state-{made.id}"),
            browser_hash=crypto.sha256("browser"),
            expires_at=clock.now(),
        )
    return made


def destination(side: Side, state: DestinationState = DestinationState.ENABLED) -> Destination:
    return Destination.objects.create(
        environment=side.environment,
        url="https://hooks.example/in",
        signing_secret="whsec_x",
        state=state,
    )


def delivery(to: Destination, state: DeliveryState, *, attempts: int = 0) -> None:
    event = Event.objects.create(environment=to.environment, type=EventType.AUTH, body="{}")
    Delivery.objects.create(
        environment=to.environment,
        event=event,
        destination=to,
        state=state,
        attempt_count=attempts,
        round_count=attempts,
    )


def fill(side: Side, number: int) -> None:
    cast.connection(side.environment, reference_id=f"person-{number}")
    logged(side.environment)
    link(side, number, attempt=True)
    delivery(destination(side), DeliveryState.DELIVERED)


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        fill(a, number)
    with django_assert_num_queries(14):
        response = a.client.get(a.url())
    assert value(response, "Active users") == str(count)


def test_counts_only_this_environment(a: Side, b: Side) -> None:
    shared = cast.grant(account="one-wearable-account")
    cast.connection(a.environment, on=shared)
    before = a.client.get(a.url())
    cast.connection(b.environment, on=shared)
    for number in range(3):
        fill(b, number)
    after = a.client.get(a.url())
    for part in ("figures", "users_plot", "funnel", "providers", "concerns"):
        assert after.context[part] == before.context[part]
    assert after.context["ends"] == before.context["ends"]
    assert b.client.get(a.url()).status_code == 404


def test_follows_a_link_to_its_connection(a: Side) -> None:
    cast.connection(a.environment)
    now = clock.now()
    link(a, 1)
    link(a, 2, opened_at=now)
    link(a, 3, opened_at=now, attempt=True)
    link(a, 4, opened_at=now, connected_at=now, attempt=True)
    response = a.client.get(a.url())
    assert [(step.name, step.count) for step in response.context["funnel"]] == [
        ("Opened the link", "3"),
        ("Chose a wearable", "2"),
        ("Authorised", "0"),
        ("Connected", "1"),
    ]
    assert value(response, "Finish connecting") == "33%"


def test_counts_users_backwards_from_now(a: Side) -> None:
    now = clock.now()

    def days_ago(days: int) -> datetime:
        return now - timedelta(days=days)

    cast.connection(a.environment, created_at=days_ago(40))
    cast.connection(a.environment, created_at=days_ago(3))
    left, _ = logged(a.environment, recorded_at=days_ago(2))
    type(left).objects.filter(pk=left.pk).update(created_at=days_ago(5))
    active = a.client.get(a.url("?range=7d")).context["users_plot"].series[0].values
    assert active == [1, 2, 2, 3, 2, 2, 2]


@pytest.mark.parametrize(("name", "count"), [("24h", 24), ("7d", 7), ("30d", 30), ("90d", 90)])
def test_ranges(a: Side, name: str, count: int) -> None:
    cast.connection(a.environment)
    response = a.client.get(a.url(f"?range={name}"))
    assert len(response.context["users_plot"].rows) == count


@pytest.mark.parametrize("name", ["", "%00", "1000y", "x" * 5000])
def test_an_unknown_range_is_thirty_days(a: Side, name: str) -> None:
    cast.connection(a.environment)
    response = a.client.get(a.url(f"?range={name}"))
    assert response.context["within"].name == "30d"


def test_tells_causes_apart(a: Side) -> None:
    for kind, door in [
        (End.REVOKED, Door.NOTICE),
        (End.REVOKED, Door.REFRESH),
        (End.DISCONNECTED, Door.HOSTED_PAGE),
        (End.DISCONNECTED, Door.API),
        (End.REPLACED, Door.RECONNECT),
        (End.CLIENT_REMOVED, Door.STAFF),
    ]:
        logged(a.environment, kind=kind, door=door)
    logged(a.environment, recorded_at=clock.now() - timedelta(days=45))
    response = a.client.get(a.url())
    plot = response.context["ends"].plot
    assert [(row.name, row.total) for row in plot.series] == [
        ("By the person, at the provider", "1"),
        ("By the person, on your page", "1"),
        ("By you", "1"),
        ("Replaced by a reconnect", "1"),
        ("Found on refresh or probe", "1"),
        ("Otherwise", "1"),
    ]
    assert value(response, "Access revoked") == "2"


@pytest.mark.usefixtures("sandbox")
def test_names_what_needs_attention(a: Side) -> None:
    cast.connection(a.environment, attention=Attention.PROVIDER_FAILING)
    failing = destination(a)
    delivery(failing, DeliveryState.DUE, attempts=2)
    destination(a, DestinationState.PAUSED)
    source = cast.source(a.environment, cast.oauth_client())
    assert "No wearable is set up" not in a.client.get(a.url()).content.decode()
    type(source).objects.update(enabled=False)
    concerns = a.client.get(a.url()).context["concerns"]
    assert [one["about"].title for one in concerns] == [
        "A destination is failing",
        "1 user cannot be read",
        "A destination is paused",
        "No wearable is set up",
    ]
    urls = {one["about"].title: one["url"] for one in concerns}
    assert urls["A destination is failing"] == a.url(f"destinations/{failing.id}/")
    assert a.client.get(urls["1 user cannot be read"]).context["rows"]


def test_says_how_many_webhooks_arrived(a: Side) -> None:
    cast.connection(a.environment)
    to = destination(a)
    for state in (DeliveryState.DELIVERED, DeliveryState.EXHAUSTED, DeliveryState.DUE):
        delivery(to, state)
    response = a.client.get(a.url())
    assert value(response, "Webhooks delivered") == "33%"
    assert "1 given up, 1 waiting" in response.content.decode()


def test_a_new_environment_shows_the_first_steps(a: Side) -> None:
    page = a.client.get(a.url())
    assert [(step.title, step.done) for step, _, _ in page.context["steps"]] == [
        ("Make an API key", True),
        ("Add a destination", False),
        ("Make a connect link", False),
    ]
    destination(a)
    link(a, 1)
    assert a.client.get(a.url()).context["done"] == 3
    cast.connection(a.environment)
    assert "First steps" not in a.client.get(a.url()).content.decode()


def test_is_read_only_and_open_to_viewers(a: Side) -> None:
    viewer = a.colleague(Role.VIEWER)
    assert viewer.get(a.url()).status_code == 200
    assert a.client.head(a.url()).status_code == 200
    assert a.client.post(a.url()).status_code == 405
