"""The demo offers every wearable that the portal knows, each at its stand-in."""

import re

import pytest
import requests

from connections.providers import PROVIDERS
from tests.demo.process import Company, Demo, connect, eventually

MAKERS = [str(maker.id) for maker in PROVIDERS]


@pytest.fixture(scope="module")
def companies(demo: Demo) -> tuple[Company, Company]:
    return Company(demo, "cedar"), Company(demo, "elder")


def times_told(company: Company, kind: str, user_id: str) -> int:
    """How often this company heard that of this user, as soon as it has."""

    def count() -> int:
        told = company.demo.inbox(company.slug, kind)
        return [one["payload"]["user"]["user_id"] for one in told].count(user_id)

    return eventually(count)


def test_all_are_offered_and_marked_as_simulated(companies: tuple[Company, Company]) -> None:
    page = requests.get(companies[0].link("tour"), timeout=20).text
    offered = re.findall(r'action="[^"]*/start/(\w+)/"', page)
    assert sorted(offered) == sorted(MAKERS)
    assert page.count("<small>simulated</small>") == len(MAKERS)


@pytest.mark.parametrize("wearable", MAKERS)
def test_one_account_of_each_connects_to_two_companies(
    companies: tuple[Company, Company], wearable: str
) -> None:
    account = f"somebody with a {wearable}"
    landed = [connect(company, account, f"{wearable}-1", wearable) for company in companies]
    assert {one["resource"] for one in landed} == {wearable.upper()}
    ids = [one["user_id"] for one in landed]
    assert ids[0] != ids[1]
    for company, user_id in zip(companies, ids, strict=True):
        assert times_told(company, "auth", user_id) == 1


def test_a_signed_notice_reaches_both(demo: Demo, companies: tuple[Company, Company]) -> None:
    """Fitbit's names the consent by our own id: it proves an end however young that is."""
    account = "somebody who leaves fitbit"
    ids = [connect(one, account, "fitbit-2", "fitbit")["user_id"] for one in companies]
    demo.command("sync_subscriptions", "--provider", "fitbit")

    demo.control("POST", "revoke", {"account": account})

    for company, user_id in zip(companies, ids, strict=True):
        assert times_told(company, "access_revoked", user_id) == 1
