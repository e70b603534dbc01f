"""What an environment offers: on and off, in which order, what data, and who depends on it."""

from typing import Any

import pytest

from connections import clients, sources
from connections.models import Source
from tests import cast
from tests.connections.makers import OwnProvider
from tests.connections.offering import (
    GIVEN,
    Company,
    client,
    deeds,
    offers,
    order,
    refused,
    source,
    user_on,
)
from tests.threads import run_together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_makers")]


# On and off


def test_off_is_not_offered_and_on_is_again(a: Company) -> None:
    cast.oauth_client("SANDBOX")
    sources.switch(a.testing, "SANDBOX", on=False)
    assert offers(a.testing) == []
    sources.switch(a.testing, "SANDBOX", on=False)
    sources.switch(a.testing, "SANDBOX", on=True)
    assert offers(a.testing) == ["SANDBOX"]
    assert deeds(a.testing) == [("source.disabled", "Sandbox"), ("source.enabled", "Sandbox")]


def test_off_in_one_environment_says_nothing_of_others(a: Company, b: Company) -> None:
    cast.oauth_client("SANDBOX")
    sources.switch(a.testing, "SANDBOX", on=False)
    assert offers(b.testing) == ["SANDBOX"]
    assert not Source.objects.exclude(environment=a.testing).exists()


def test_what_no_client_serves_cannot_be_switched_on(a: Company) -> None:
    assert refused(sources.switch, a.testing, "OWN", on=True) == "on"
    assert refused(sources.switch, a.production, "SANDBOX", on=True) == "on"
    assert refused(sources.switch, a.testing, "NOBODY", on=True) == "provider"


def test_where_terms_demand_an_own_client_the_shared_real_one_is_not_offered(a: Company) -> None:
    cast.oauth_client("OWN", simulated=False)
    assert offers(a.testing) == offers(a.production) == []
    cast.oauth_client("OWN", simulated=True)
    assert offers(a.testing) == ["OWN"]
    assert offers(a.production) == []


# Order


def test_a_step_up_or_down_trades_two_places(a: Company) -> None:
    assert order(a.testing) == ["ANY", "OWN", "SANDBOX"]
    assert sources.move(a.testing, "SANDBOX", up=True) == 2
    assert order(a.testing) == ["ANY", "SANDBOX", "OWN"]
    assert sources.move(a.testing, "ANY", up=False) == 2
    assert order(a.testing) == ["SANDBOX", "ANY", "OWN"]
    assert deeds(a.testing)[0] == ("source.moved", "Sandbox: to place 2")


def test_at_the_ends_nothing_moves(a: Company) -> None:
    assert sources.move(a.testing, "ANY", up=True) == 1
    assert sources.move(a.testing, "SANDBOX", up=False) == 3
    assert order(a.testing) == ["ANY", "OWN", "SANDBOX"]
    assert deeds(a.testing) == []


def test_rows_that_are_made_change_no_order_and_offer_nothing_more(a: Company) -> None:
    cast.oauth_client("ANY", simulated=False)
    cast.source(a.testing, cast.oauth_client("SANDBOX"))
    before, offered = order(a.testing), offers(a.testing)
    sources.move(a.testing, "SANDBOX", up=True)
    assert (order(a.testing), offers(a.testing)) == (before, offered)


def test_people_are_offered_them_in_that_order(a: Company) -> None:
    cast.oauth_client("ANY", simulated=False)
    cast.oauth_client("SANDBOX")
    sources.move(a.testing, "SANDBOX", up=True)
    sources.move(a.testing, "SANDBOX", up=True)
    assert offers(a.testing) == ["SANDBOX", "ANY"]


# Data


def test_required_data_is_kept_in_the_makers_order(a: Company) -> None:
    cast.oauth_client("SANDBOX")
    sources.choose_data(a.testing, "SANDBOX", required=["sleep", "activity"])
    [offer] = clients.offered(a.testing)
    assert (offer.scopes, offer.required_scopes) == ([], ["activity", "sleep"])


def test_an_own_application_asks_for_what_the_company_wants(a: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    sources.choose_data(a.testing, "OWN", scopes=["sleep"], required=["sleep", "profile"])
    mine = source(a.testing, "OWN")
    assert (mine.scopes, mine.required_scopes) == (["profile", "sleep"], ["profile", "sleep"])
    every = list(OwnProvider.scope_labels)
    sources.choose_data(a.testing, "OWN", scopes=every, required=[])
    assert source(a.testing, "OWN").scopes == []


@pytest.mark.parametrize(
    ("scopes", "required", "field"),
    [
        ([], [], "scopes"),
        (["sleep", "moods"], [], "scopes"),
        (["sleep"], ["activity"], "required"),
        (["sleep"], ["moods"], "required"),
    ],
)
def test_required_is_part_of_what_is_asked(
    a: Company, scopes: list[str], required: list[str], field: str
) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    got = refused(sources.choose_data, a.testing, "OWN", scopes=scopes, required=required)
    assert got == field
    assert source(a.testing, "OWN").scopes == source(a.testing, "OWN").required_scopes == []


def test_a_shared_application_asks_for_everything(a: Company) -> None:
    cast.oauth_client("SANDBOX")
    asked: dict[str, Any] = {"scopes": ["sleep"], "required": []}
    assert refused(sources.choose_data, a.testing, "SANDBOX", **asked) == "scopes"


# Who depends


def test_only_this_environments_users_are_counted(a: Company, b: Company) -> None:
    shared = cast.oauth_client("SANDBOX")
    grant = cast.grant(shared)
    for environment in (a.testing, a.production, b.testing):
        cast.connection(environment, on=grant)
    cast.connection(a.testing, on=cast.grant(shared))
    cast.ended(a.testing, on=grant)
    sources.bring(a.testing, "OWN", **GIVEN)
    user_on(a.testing, client())
    sources.close(a.testing, "OWN")
    found = [(one.provider, one.is_shared, one.is_closed, one.users) for one in
             sources.holdings(a.testing)]  # fmt: skip
    assert found == [("OWN", False, True, 1), ("SANDBOX", True, False, 2)]


# At once


@pytest.mark.django_db(transaction=True)
def test_two_who_move_at_once_leave_an_order(a: Company) -> None:
    results = run_together(
        *(lambda: sources.move(a.testing, "SANDBOX", up=True) for _ in range(2)),
        *(lambda: sources.move(a.testing, "ANY", up=False) for _ in range(2)),
        lambda: sources.switch(a.testing, "ANY", on=False),
    )
    assert [result for result in results if isinstance(result, Exception)] == []
    rows = Source.objects.for_environment(a.testing).order_by("position")
    assert sorted(row.provider for row in rows) == ["ANY", "OWN", "SANDBOX"]
    assert [row.position for row in rows] == [0, 1, 2]
