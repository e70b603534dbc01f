"""Terra's own client for JavaScript against the running portal: one line changes, the base URL."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from pytest_django.live_server_helper import LiveServer

from connections.models import Connection
from developers.companies import CreatedCompany
from tests import cast
from tests.javascript import Node

Client = Callable[..., list[dict[str, Any]]]

ONCE = {"maxRetries": 0}  # it asks three times where a server failed, and takes 501 for that


@pytest.fixture
def client(node: Node, live_server: LiveServer, integrated: CreatedCompany) -> Client:
    """Makes calls, each `[method, *arguments]`; names stand for the right options."""
    usual = {
        "devId": integrated.environments["testing"].dev_id,
        "apiKey": integrated.api_keys["testing"],
        "baseUrl": f"{live_server.url}/v2",
    }
    return lambda *calls, **other: node.outcomes(usual | other, calls)


def user_of(company: CreatedCompany, reference_id: str = "", **extra: Any) -> Connection:
    return cast.connection(company.environments["testing"], reference_id=reference_id, **extra)


def returned(outcomes: list[dict[str, Any]]) -> list[Any]:
    """What the calls returned, none of which threw."""
    assert [outcome for outcome in outcomes if "returned" not in outcome] == []
    return [outcome["returned"] for outcome in outcomes]


def assert_thrown(outcome: dict[str, Any], status: int, *classes: str) -> None:
    """The client's own exception of these classes, with status and body."""
    assert outcome["thrown"] == sorted([*classes, "TerraError"])
    assert outcome["statusCode"] == status
    assert outcome["body"]["status"] == "error"
    assert outcome["body"]["message"] == outcome["body"]["detail"]
    assert outcome["body"]["type"] == "about:blank"


@pytest.mark.parametrize("prefix", ["/v2", "/api/v2"])
def test_widget_session(client: Client, live_server: LiveServer, prefix: str) -> None:
    asked = {
        "providers": "SANDBOX",
        "language": "EN",
        "reference_id": "runner-7",
        "auth_success_redirect_url": "https://app.example/yes",
        "auth_failure_redirect_url": "https://app.example/no",
        "show_disconnect": True,
    }

    (session,) = returned(
        client(
            ["authentication.generatewidgetsession", asked],
            baseUrl=live_server.url + prefix,
        )
    )

    assert session.keys() == {"status", "session_id", "url", "expires_in"}
    assert session["status"] == "success"
    assert session["expires_in"] == 900
    assert UUID(session["session_id"])
    assert "/connect/" in session["url"]


def test_authenticate_user(client: Client) -> None:
    asked = {"resource": "SANDBOX", "language": "en", "reference_id": "runner-7"}

    (begun,) = returned(client(["authentication.authenticateuser", asked]))

    assert begun["status"] == "success"
    assert UUID(begun["user_id"])
    assert urlsplit(begun["auth_url"]).scheme in {"http", "https"}
    assert begun["expires_in"] > 0


def test_auth_token(client: Client) -> None:
    first, second = returned(client(*[["authentication.generateauthtoken"]] * 2))

    assert (first["status"], first["expires_in"]) == ("success", 180)
    assert len(first["token"]) >= 32
    assert first["token"] != second["token"]


def test_deauthenticate(client: Client, integrated: CreatedCompany) -> None:
    user = {"user_id": str(user_of(integrated).pk)}

    ended, info, everyone = returned(
        client(
            ["authentication.deauthenticateuser", user],
            ["user.getinfoforuserid", user],
            ["user.getalluserids"],
        )
    )

    assert ended["status"] == "success"
    assert info["is_authenticated"] is False
    assert info["user"]["active"] is False
    assert everyone["users"] == []


def test_user_by_id_and_by_reference(client: Client, integrated: CreatedCompany) -> None:
    user = user_of(integrated, "runner-7")

    info, found, nobody = returned(
        client(
            ["user.getinfoforuserid", {"user_id": str(user.pk)}],
            ["user.getinfoforuserid", {"reference_id": "runner-7"}],
            ["user.getinfoforuserid", {"reference_id": "nobody"}],
        )
    )

    expected = {
        "user_id": str(user.pk),
        "provider": "SANDBOX",
        "reference_id": "runner-7",
        "active": True,
        "scopes": "activity,sleep",
        "last_webhook_update": None,
        "created_at": user.created_at.isoformat(timespec="microseconds"),
    }
    polled = {"last_polled_at": None, "most_recent_data_at": None}
    assert info == {"status": "success", "is_authenticated": True, "user": expected | polled}
    assert found == {"status": "success", "users": [expected]}
    assert nobody == {"status": "success", "users": []}


def test_all_users_and_pages(client: Client, integrated: CreatedCompany) -> None:
    expected = [str(user_of(integrated).pk) for _ in range(3)]

    everyone, first, last = returned(
        client(
            ["user.getalluserids"],
            ["user.getalluserids", {"page": 0, "per_page": 2}],
            ["user.getalluserids", {"page": 1, "per_page": 2}],
        )
    )

    assert [user["user_id"] for user in everyone["users"]] == expected
    assert (first["data"]["next"], first["data"]["max_page"]) == (1, 1)
    assert (last["data"]["next"], last["data"]["max_page"]) == (None, 1)
    paged = first["data"]["results"] + last["data"]["results"]
    assert [user["user_id"] for user in paged] == expected


def test_several_users(client: Client, integrated: CreatedCompany) -> None:
    expected = {str(user_of(integrated, name).pk): name for name in ("one", "two")}

    (found,) = returned(client(["user.getinfoformultipleuserids", list(expected)]))

    assert {user["user_id"]: user["reference_id"] for user in found} == expected


def test_a_user_is_modified(client: Client, integrated: CreatedCompany) -> None:
    user_id = str(user_of(integrated, "old").pk)

    renamed, paused, resumed = returned(
        client(
            ["user.modifyuser", user_id, {"reference_id": "new"}],
            ["user.modifyuser", user_id, {"active": False}],
            ["user.modifyuser", user_id, {"active": True}],
        )
    )

    told = [
        (answer["status"], answer["user"]["reference_id"], answer["user"]["active"])
        for answer in (renamed, paused, resumed)
    ]
    assert told == [("success", "new", True), ("success", "new", False), ("success", "new", True)]
    assert {answer["user"]["user_id"] for answer in (renamed, paused, resumed)} == {user_id}


def test_integrations(client: Client) -> None:
    brief, detailed, with_phones = returned(
        client(
            ["integrations.fetch"],
            ["integrations.detailedfetch"],
            ["integrations.detailedfetch", {"sdk": True}],
        )
    )

    (wearable,) = detailed["providers"]
    assert brief["providers"] == ["SANDBOX"]
    assert brief["sdk_providers"] == brief["sdk_resource"] != []
    assert (wearable["provider"], wearable["enabled"]) == ("SANDBOX", True)
    assert urlsplit(wearable["icon"]).scheme in {"http", "https"}
    assert set(wearable["types"].values()) == {False}
    assert {entry["provider"] for entry in with_phones["providers"]} > {"SANDBOX"}


def test_errors_are_the_clients_own(client: Client, integrated: CreatedCompany) -> None:
    grant = cast.grant()
    user_of(integrated, "one", on=grant)
    second = str(user_of(integrated, "two", on=grant).pk)
    unknown = {"user_id": str(uuid4())}
    nowhere = "NO-SUCH-WEARABLE"

    outcomes = client(
        ["user.getinfoforuserid", unknown],
        ["authentication.deauthenticateuser", unknown],
        ["user.getinfoforuserid", {}],
        ["user.getalluserids", {"page": -1}],
        ["user.modifyuser", second, {"reference_id": "one"}],
        ["authentication.generatewidgetsession", {"providers": nowhere}],
        ["authentication.authenticateuser", {"resource": nowhere}],
        ["user.modifyuser", unknown["user_id"], {"active": False}],
        ["authentication.generatewidgetsession", {"reference_id": "r" * 3_000_000}],
    )

    for outcome in outcomes[:2]:
        assert_thrown(outcome, 404, "NotFoundError")
    for outcome in outcomes[2:7]:
        assert_thrown(outcome, 400, "BadRequestError")
    assert_thrown(outcomes[7], 404)
    assert_thrown(outcomes[8], 413)


def test_data_is_not_there_yet(client: Client, integrated: CreatedCompany) -> None:
    asked = {"user_id": str(user_of(integrated).pk), "start_date": "2026-11-01"}
    parts = ["activity", "body", "daily", "menstruation", "nutrition", "sleep", "athlete"]

    for outcome in client(*[[f"{part}.fetch", asked, ONCE] for part in parts]):
        assert_thrown(outcome, 501)


@pytest.mark.parametrize("wrong", [{"apiKey": "tpk_wrong"}, {"devId": "nobody"}], ids=str)
def test_wrong_credentials(client: Client, wrong: dict[str, str]) -> None:
    *outcomes, data = client(
        ["user.getalluserids"],
        ["authentication.generatewidgetsession"],
        ["authentication.generateauthtoken"],
        ["user.modifyuser", str(uuid4()), {"active": False}],
        ["activity.fetch", {"user_id": "x", "start_date": "2026-11-01"}],
        **wrong,
    )

    for outcome in outcomes:
        assert_thrown(outcome, 401)
    assert_thrown(data, 401, "UnauthorizedError")


def test_what_is_open_to_all_needs_no_key(node: Node, live_server: LiveServer) -> None:
    options = {"devId": "", "apiKey": "", "baseUrl": f"{live_server.url}/v2"}

    brief, detailed = returned(
        node.outcomes(options, [["integrations.fetch"], ["integrations.detailedfetch"]])
    )

    assert brief["status"] == detailed["status"] == "success"
