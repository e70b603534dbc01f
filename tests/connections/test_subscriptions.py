"""Notices that have to be ordered: for each consent at Fitbit, once for the application at Oura."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from connections import applications, clients, connect, links, subscriptions, sweeps
from connections.models import Connection, Grant, OAuthClient
from connections.providers import fitbit
from connections.states import GrantState
from connections.subscriptions import Outcome
from developers.models import Environment
from terra_portal import clock
from terra_portal.network import NetworkInTransactionError
from tests import cast
from tests.connections.providers import stand_in
from tests.connections.providers.stand_in import Answer, Call, StandIn
from tests.sandbox.company import query
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
PERSON = "ABC123"
TOKEN = "POST api.fitbit.com/oauth2/token"
ORDERS = "api.fitbit.com/1/user/-/userRevokedAccess/apiSubscriptions"
STANDING = f"GET {ORDERS}.json"
OURA_LIST = "GET api.ouraring.com/v2/webhook/subscription"
OURA_ORDER = "POST api.ouraring.com/v2/webhook/subscription"
POLAR = "www.polaraccesslink.com/v3/webhooks"


def order(number: int) -> str:
    return f"POST {ORDERS}/{fitbit.subscription_id(PERSON, number)}.json"


@pytest.fixture
def maker(settings: Settings) -> Iterator[StandIn]:
    with stand_in.running() as server:
        settings.PROVIDER_HOSTS = server.hosts
        tokens = {"refresh_token": "r", "expires_in": 28800, "scope": "sleep", "user_id": PERSON}
        server.set(TOKEN, *({"access_token": f"token {number}", **tokens} for number in (1, 2, 3)))
        server.set(STANDING, {"apiSubscriptions": []})
        for number in (1, 2, 3):
            server.set(order(number), {}, status=201)
        yield server


@pytest.fixture
def a() -> Environment:
    return cast.company("Alder").environments["testing"]


@pytest.fixture
def client(maker: StandIn) -> OAuthClient:
    return clients.add("FITBIT", client_id="app", client_secret="s", simulated=True).client


def consent(environment: Environment, reference_id: str = "") -> Connection:
    session, _ = links.open_session(environment, reference_id=reference_id)
    begun = connect.begin(session, "FITBIT")
    landing = connect.complete(
        "fitbit",
        state=query(begun.authorize_url)["state"],
        code="code",
        error="",
        cookies={begun.cookie_name: begun.cookie_value},
    )
    assert landing.step == "connected", landing
    return Connection.objects.get(pk=begun.attempt.user_id)


def orders(maker: StandIn) -> list[str]:
    return [asked for asked in maker.asked() if asked.startswith(f"POST {ORDERS}/")]


def standing(grant: Grant) -> tuple[int, bool]:
    """The consent whose notices are ordered, and whether there is something to do."""
    grant.refresh_from_db()
    return grant.subscribed_number, grant.subscribe_due_at is not None


# For each person


def test_a_consent_that_became_a_connection_is_due_and_then_ordered(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    grant = consent(a).grant
    assert standing(grant) == (0, True)

    sweeps.subscribe_soon(grant.pk)

    assert orders(maker) == [order(1)]
    assert maker.calls[-1].bearer == "token 1"
    assert standing(grant) == (1, False)
    assert sweeps.subscriptions_due() == 0


def test_a_lost_nudge_is_made_good_by_the_sweep(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    grant = consent(a).grant
    assert sweeps.subscriptions_due() == 1
    assert standing(grant) == (1, False)


def test_each_new_consent_is_ordered_under_its_own_number(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    grant = consent(a).grant
    sweeps.subscriptions_due()
    consent(cast.company("Birch").environments["testing"])
    assert standing(grant) == (1, True)

    sweeps.subscriptions_due()

    assert orders(maker) == [order(1), order(2)]
    assert maker.calls[-1].bearer == "token 2"
    assert standing(grant) == (2, False)


def test_tokens_without_a_connection_order_nothing(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    """An attempt without its browser's cookie waits for a confirmation."""
    session, _ = links.open_session(a)
    begun = connect.begin(session, "FITBIT")
    state = query(begun.authorize_url)["state"]
    landing = connect.complete("fitbit", state=state, code="code", error="", cookies={})
    assert landing.step == "confirm"

    assert sweeps.subscriptions_due() == 0
    assert standing(Grant.objects.get()) == (0, False)


def test_a_failing_provider_is_tried_again_later_each_time(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    maker.set(order(1), {}, status=503)
    grant = consent(a).grant

    waits = [round(wait_after_a_try(grant) / timedelta(minutes=1)) for _ in range(8)]

    assert waits == [1, 5, 30, 120, 360, 360, 360, 360]
    assert (grant.subscribe_tries, grant.subscribe_error) == (8, "unavailable 503")
    maker.set(order(1), {}, status=201)
    subscriptions.subscribe(grant.pk)
    assert standing(grant) == (1, False)
    assert (grant.subscribe_tries, grant.subscribe_error) == (0, "")


def wait_after_a_try(grant: Grant) -> timedelta:
    began = clock.now()
    assert subscriptions.subscribe(grant.pk) == Outcome.FAILED
    grant.refresh_from_db()
    assert grant.subscribe_due_at is not None
    return grant.subscribe_due_at - began


def test_what_is_refused_is_given_up_until_the_next_consent(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    maker.set(order(1), {"errors": [{"errorType": "validation"}]}, status=400)
    grant = consent(a).grant
    for _ in subscriptions.AGAIN:
        assert standing(grant) == (0, True)
        subscriptions.subscribe(grant.pk)

    assert standing(grant) == (0, False)
    assert "400" in grant.subscribe_error
    asked = len(maker.calls)
    with clock.shifted(2 * DAY):
        sweeps.subscriptions_due()
    assert len(maker.calls) == asked

    consent(a, "again")
    sweeps.subscriptions_due()
    assert standing(grant) == (2, False)
    assert grant.subscribe_error == ""


def test_a_consent_that_comes_during_the_call_is_ordered_after_it(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    """The call for the earlier consent may reach Fitbit last, and takes the newer order back."""
    grant = consent(a).grant

    def another_consent(call: Call) -> None:
        if f"{call.method} {call.path}" == order(1):
            maker.meanwhile = stand_in.nothing
            consent(a, "another")
            assert subscriptions.subscribe(grant.pk) == Outcome.SUBSCRIBED

    maker.meanwhile = another_consent
    assert subscriptions.subscribe(grant.pk) == Outcome.LEFT

    assert orders(maker) == [order(1), order(2)]
    assert standing(grant) == (0, True)
    sweeps.subscriptions_due()
    assert orders(maker)[-1] == order(2)
    assert standing(grant) == (2, False)


def test_a_grant_that_ends_during_the_call_is_left(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    grant = consent(a).grant

    def ends(call: Call) -> None:
        Grant.objects.update(state=GrantState.ENDED, subscribe_due_at=None)

    maker.meanwhile = ends
    assert subscriptions.subscribe(grant.pk) == Outcome.LEFT
    assert standing(grant) == (0, False)


@pytest.mark.parametrize("state", [GrantState.NEEDS_REAUTH, GrantState.REVOKING, GrantState.ENDED])
def test_a_grant_that_does_not_live_is_left(
    maker: StandIn, client: OAuthClient, a: Environment, state: GrantState
) -> None:
    grant = consent(a).grant
    Grant.objects.update(state=state)
    sweeps.subscriptions_due()
    assert orders(maker) == []
    assert standing(grant) == (0, False)


def test_a_closed_client_orders_nothing(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    grant = consent(a).grant
    OAuthClient.objects.update(closed_at=clock.now())
    sweeps.subscriptions_due()
    assert orders(maker) == []
    assert standing(grant) == (0, False)


def test_without_a_stand_in_a_simulated_client_waits_for_one(
    maker: StandIn, client: OAuthClient, a: Environment, settings: Settings
) -> None:
    grant = consent(a).grant
    hosts, settings.PROVIDER_HOSTS = settings.PROVIDER_HOSTS, {}
    sweeps.subscriptions_due()
    assert orders(maker) == []
    assert standing(grant) == (0, True)

    settings.PROVIDER_HOSTS = hosts
    with clock.shifted(DAY + timedelta(minutes=1)):
        sweeps.subscriptions_due()
    assert standing(grant) == (1, False)


def test_many_at_once_order_once(maker: StandIn, client: OAuthClient, a: Environment) -> None:
    grant = consent(a).grant
    run_together(*[lambda: sweeps.subscribe_soon(grant.pk)] * 3, *[sweeps.subscriptions_due] * 3)
    assert orders(maker) == [order(1)]


def test_an_application_that_is_asked_for_patience_waits(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    grant = consent(a).grant
    OAuthClient.objects.update(busy_until=clock.now() + timedelta(minutes=5))
    sweeps.subscribe_soon(grant.pk)
    sweeps.subscriptions_due()
    assert orders(maker) == []
    with clock.shifted(timedelta(minutes=6)):
        sweeps.subscriptions_due()
    assert orders(maker) == [order(1)]


def test_nothing_is_ordered_in_a_transaction(
    maker: StandIn, client: OAuthClient, a: Environment
) -> None:
    grant = consent(a).grant
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        subscriptions.subscribe(grant.pk)


# Once for the application


def oura(maker: StandIn) -> OAuthClient:
    maker.set(OURA_LIST, [])
    maker.set(OURA_ORDER, {"id": "sub-1"}, status=201)
    return clients.add("OURA", client_id="app", client_secret="old", simulated=True).client


def test_a_new_application_is_subscribed_and_looked_at_again_daily(maker: StandIn) -> None:
    client = oura(maker)
    began = clock.now()

    assert sweeps.subscriptions_due() == 1

    client.refresh_from_db()
    assert client.subscription_id == "sub-1"
    assert client.subscribe_due_at is not None
    assert client.subscribe_due_at >= began + DAY
    assert sweeps.subscriptions_due() == 0
    with clock.shifted(DAY + timedelta(minutes=1)):
        assert sweeps.subscriptions_due() == 1
    assert maker.asked().count(OURA_LIST) == 2


def test_a_changed_secret_is_told_at_once(maker: StandIn) -> None:
    client = oura(maker)
    sweeps.subscriptions_due()
    with transaction.atomic():
        mine = OAuthClient.objects.select_for_update(no_key=True).get(pk=client.pk)
        applications.renew(mine, client_secret="new")

    assert sweeps.subscriptions_due() == 1
    assert maker.calls[-1].headers["x-client-secret"] == "new"


def test_a_secret_that_changes_during_the_call_is_told_after_it(maker: StandIn) -> None:
    client = oura(maker)

    def change(call: Call) -> None:
        maker.meanwhile = stand_in.nothing
        with transaction.atomic():
            mine = OAuthClient.objects.select_for_update(no_key=True).get(pk=client.pk)
            applications.renew(mine, client_secret="new")

    maker.meanwhile = change
    assert subscriptions.subscribe_application(client.pk) == Outcome.LEFT
    client.refresh_from_db()
    assert (client.subscription_id, client.client_secret) == ("", "new")
    assert sweeps.subscriptions_due() == 1
    client.refresh_from_db()
    assert client.subscription_id == "sub-1"


def test_a_secret_that_changes_while_a_call_fails_is_told_at_once(maker: StandIn) -> None:
    client = oura(maker)
    maker.set(OURA_LIST, Answer({}, 401), Answer([]))

    def change(call: Call) -> None:
        maker.meanwhile = stand_in.nothing
        with transaction.atomic():
            mine = OAuthClient.objects.select_for_update(no_key=True).get(pk=client.pk)
            applications.renew(mine, client_secret="new")

    maker.meanwhile = change
    sweeps.subscriptions_due()
    assert sweeps.subscriptions_due() == 1
    assert maker.calls[-1].headers["x-client-secret"] == "new"


def test_rejected_credentials_are_not_tried_for_ever(maker: StandIn) -> None:
    client = oura(maker)
    maker.set(OURA_LIST, {}, status=401)
    for hours in range(24):
        with clock.shifted(timedelta(hours=6 * hours)):
            sweeps.subscriptions_due()
    client.refresh_from_db()
    assert len(maker.calls) == client.subscribe_tries == len(subscriptions.AGAIN)
    assert client.subscribe_due_at is None
    assert "401" in client.subscribe_error


def test_a_secret_of_the_order_proves_notices_from_then_on(maker: StandIn) -> None:
    client = clients.add("POLAR", client_id="app", client_secret="s", simulated=True).client
    maker.set(f"GET {POLAR}", b"", status=204)
    made = {"data": {"id": "hook", "signature_secret_key": "told once"}}
    maker.set(f"POST {POLAR}", made, status=201)

    sweeps.subscriptions_due()

    client.refresh_from_db()
    assert (client.subscription_id, client.notice_secret) == ("hook", "told once")


def test_what_needs_a_hand_is_left(maker: StandIn) -> None:
    client = clients.add("POLAR", client_id="app", client_secret="s", simulated=True).client
    elsewhere = {"data": [{"id": "hook", "url": "https://else.example/"}]}
    maker.set(f"GET {POLAR}", elsewhere)

    assert sweeps.subscriptions_due() == 1

    client.refresh_from_db()
    assert (client.subscription_id, client.subscribe_due_at) == ("", None)


@pytest.mark.parametrize("why", ["closed", "no stand-in"])
def test_an_application_that_may_not_call_is_left(
    maker: StandIn, settings: Settings, why: str
) -> None:
    client = oura(maker)
    if why == "closed":
        OAuthClient.objects.update(closed_at=clock.now())
    else:
        settings.PROVIDER_HOSTS = {}
    sweeps.subscriptions_due()
    client.refresh_from_db()
    assert maker.calls == []
    assert (client.subscribe_due_at is None) == (why == "closed")


def test_a_provider_that_wants_no_order_is_not_asked(maker: StandIn) -> None:
    clients.add("WHOOP", client_id="app", client_secret="s", simulated=True)
    assert sweeps.subscriptions_due() == 0
    assert maker.calls == []
