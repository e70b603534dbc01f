"""The main job, over real HTTP, in the demo's own settings."""

from typing import Any

import pytest

from tests.demo.process import Company, Demo, connect, eventually

ACCOUNT = "somebody who runs"


@pytest.fixture
def companies(demo: Demo) -> tuple[Company, Company]:
    return Company(demo, "alder"), Company(demo, "birch")


def valid(event: dict[str, Any]) -> bool:
    return bool(event["terra_python"] == event["standardwebhooks"] == "valid")


def test_one_account_at_two_companies_until_the_person_revokes(
    demo: Demo, companies: tuple[Company, Company]
) -> None:
    a, b = companies
    landed = connect(a, ACCOUNT, "a-1")
    at_a = landed.pop("user_id")
    assert landed == {"from": "mail", "resource": "SANDBOX", "reference_id": "a-1"}
    at_b = connect(b, ACCOUNT, "b-1")["user_id"]
    assert at_a != at_b
    for company, user_id in ((a, at_a), (b, at_b)):
        [event] = company.told("auth")
        assert event["payload"]["user"]["user_id"] == user_id
        assert valid(event)

    demo.control("POST", "revoke", {"account": ACCOUNT})
    for company, user_id in ((a, at_a), (b, at_b)):
        [event] = company.told("access_revoked")
        assert event["payload"]["user"]["user_id"] == user_id
        assert valid(event)
        assert is_active(company, user_id) is False
    eventually(lambda: all_notices_came(demo), seconds=20)
    for company in companies:
        assert len(company.told("access_revoked")) == 1


def test_a_disconnect_at_one_company_leaves_the_other_alone(
    demo: Demo, companies: tuple[Company, Company]
) -> None:
    a, b = companies
    account = "somebody who swims"
    at_a = connect(a, account, "a-2")["user_id"]
    at_b = connect(b, account, "b-2")["user_id"]
    assert a.api("GET", "/userInfo", params={"user_id": at_b}).status_code == 404
    gone = a.api("DELETE", "/auth/deauthenticateUser", params={"user_id": at_a})
    assert gone.status_code == 200
    [told] = a.told("deauth")
    assert told["payload"]["user"]["user_id"] == at_a
    assert [one["client_id"] for one in consents(demo, account)] == ["terra-portal-demo"]
    assert is_active(b, at_b) is True

    b.api("DELETE", "/auth/deauthenticateUser", params={"user_id": at_b})
    eventually(lambda: not consents(demo, account))


def is_active(company: Company, user_id: str) -> bool:
    answer = company.api("GET", "/userInfo", params={"user_id": user_id}).json()
    return bool(answer["user"]["active"])


def all_notices_came(demo: Demo) -> bool:
    """The sandbox tells everything twice, the second time late."""
    notices = demo.control("GET", "notices")
    return all(one["done"] for notice in notices for one in notice["sendings"])


def consents(demo: Demo, account: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = demo.control("GET", f"accounts/{account}")["consents"]
    return found
