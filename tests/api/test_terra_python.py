"""Terra's own client for Python against the running portal: one line changes, the base URL."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from pytest_django.live_server_helper import LiveServer
from terra import Terra
from terra.core.api_error import ApiError
from terra.errors.bad_request_error import BadRequestError
from terra.errors.not_found_error import NotFoundError

from developers.companies import CreatedCompany
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company() -> CreatedCompany:
    made = cast.company("A")
    cast.source(made.environments["testing"], cast.oauth_client())
    return made


@pytest.fixture(params=["/v2", "/api/v2"])
def terra(
    request: pytest.FixtureRequest, live_server: LiveServer, company: CreatedCompany
) -> Terra:
    return Terra(
        dev_id=company.environments["testing"].dev_id,
        api_key=company.api_keys["testing"],
        base_url=live_server.url + request.param,
        timeout=30,
    )


def test_widget_session(terra: Terra) -> None:
    session = terra.authentication.generatewidgetsession(
        providers="SANDBOX",
        language="EN",
        reference_id="runner-7",
        auth_success_redirect_url="https://app.example/yes",
        auth_failure_redirect_url="https://app.example/no",
    )

    assert session.status == "success"
    assert session.expires_in == 900
    assert session.session_id is not None
    assert session.url is not None
    assert "/connect/" in session.url


def test_user_by_id(terra: Terra, company: CreatedCompany) -> None:
    user = cast.connection(company.environments["testing"], reference_id="runner-7")

    info = terra.user.getinfoforuserid(user_id=str(user.pk))

    assert info.status == "success"
    assert info.is_authenticated is True
    assert info.user.user_id == str(user.pk)
    assert info.user.provider == "SANDBOX"
    assert info.user.reference_id == "runner-7"
    assert info.user.active is True
    assert info.user.scopes == "activity,sleep"


def test_users_by_reference(terra: Terra, company: CreatedCompany) -> None:
    user = cast.connection(company.environments["testing"], reference_id="runner-7")

    found = terra.user.getinfoforuserid(reference_id="runner-7")
    nobody = terra.user.getinfoforuserid(reference_id="nobody")

    assert [entry["user_id"] for entry in found.users] == [str(user.pk)]
    assert nobody.users == []


def test_all_users_and_pages(terra: Terra, company: CreatedCompany) -> None:
    environment = company.environments["testing"]
    expected = [str(cast.connection(environment).pk) for _ in range(3)]

    everyone = terra.user.getalluserids()
    page = terra.user.getalluserids(page=1, per_page=2)

    assert [user.user_id for user in everyone.users] == expected
    assert page.data["next"] is None
    assert page.data["max_page"] == 1
    assert [user["user_id"] for user in page.data["results"]] == expected[2:]


def test_deauthenticate(terra: Terra, company: CreatedCompany) -> None:
    user = cast.connection(company.environments["testing"])

    assert terra.authentication.deauthenticateuser(user_id=str(user.pk)).status == "success"

    assert terra.user.getinfoforuserid(user_id=str(user.pk)).is_authenticated is False
    assert terra.user.getalluserids().users == []


def test_integrations(terra: Terra) -> None:
    found = terra.integrations.fetch()

    assert found.status == "success"
    assert found.providers == ["SANDBOX"]
    assert found.sdk_resource == ["APPLE", "HEALTH_CONNECT", "SAMSUNG"]


@pytest.mark.parametrize(
    ("call", "expected", "status"),
    [
        (lambda t: t.user.getinfoforuserid(user_id=str(uuid4())), NotFoundError, 404),
        (lambda t: t.user.getinfoforuserid(), BadRequestError, 400),
        (lambda t: t.authentication.deauthenticateuser(user_id="x"), NotFoundError, 404),
        (
            lambda t: t.authentication.generatewidgetsession(providers="NO-SUCH-WEARABLE"),
            BadRequestError,
            400,
        ),
        (lambda t: t.user.getalluserids(page=-1), BadRequestError, 400),
    ],
)
def test_errors_arrive_as_the_clients_own(
    terra: Terra, call: Callable[[Terra], object], expected: type[ApiError], status: int
) -> None:
    with pytest.raises(expected) as caught:
        call(terra)

    assert caught.value.status_code == status
    assert caught.value.body["status"] == "error"
    assert caught.value.body["message"] == caught.value.body["detail"]


def test_wrong_credentials(live_server: LiveServer, company: CreatedCompany) -> None:
    terra = Terra(
        dev_id=company.environments["testing"].dev_id,
        api_key="tpk_wrong",
        base_url=f"{live_server.url}/v2",
    )

    with pytest.raises(ApiError) as caught:
        terra.user.getalluserids()

    assert caught.value.status_code == 401
    assert caught.value.body["title"] == "unauthorized"
