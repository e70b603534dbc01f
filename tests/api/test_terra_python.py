"""Terra's own client for Python against the running portal: one line changes, the base URL."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from pytest_django.live_server_helper import LiveServer
from terra import AsyncTerra, Terra
from terra.core.api_error import ApiError
from terra.errors.bad_request_error import BadRequestError
from terra.errors.not_found_error import NotFoundError
from terra.errors.unauthorized_error import UnauthorizedError

from connections.models import Connection
from developers.companies import CreatedCompany
from tests import cast
from tests.api.terra_python import Awaited, a_loop

Opened = Callable[..., Any]

# Both kinds of client, and both base URLs that Terra has had.
KINDS = [("/v2", "sync"), ("/api/v2", "async")]
DATES = {"start_date": "2026-11-01", "end_date": "2026-11-02", "to_webhook": False}


@pytest.fixture(params=KINDS, ids="".join)
def client(
    request: pytest.FixtureRequest, live_server: LiveServer, integrated: CreatedCompany
) -> Iterator[Opened]:
    """Makes a client; what it is given stands for the right credentials."""
    prefix, kind = request.param
    usual = {
        "dev_id": integrated.environments["testing"].dev_id,
        "api_key": integrated.api_keys["testing"],
        "base_url": live_server.url + prefix,
        "timeout": 30,
    }
    if kind == "sync":
        yield lambda **other: Terra(**usual | other)
        return
    with a_loop() as run:
        yield lambda **other: Awaited(AsyncTerra(**usual | other), run)


@pytest.fixture
def terra(client: Opened) -> Any:
    return client()


def user_of(company: CreatedCompany, reference_id: str = "", **extra: Any) -> Connection:
    return cast.connection(company.environments["testing"], reference_id=reference_id, **extra)


def test_widget_session(terra: Any) -> None:
    session = terra.authentication.generatewidgetsession(
        providers="SANDBOX",
        language="EN",
        reference_id="runner-7",
        auth_success_redirect_url="https://app.example/yes",
        auth_failure_redirect_url="https://app.example/no",
    )

    assert session.status == "success"
    assert session.expires_in == 900
    assert UUID(session.session_id)
    assert "/connect/" in session.url


def test_authenticate_user(terra: Any) -> None:
    begun = terra.authentication.authenticateuser(
        resource="SANDBOX",
        language="en",
        reference_id="runner-7",
        auth_success_redirect_url="https://app.example/yes",
        auth_failure_redirect_url="https://app.example/no",
    )

    assert begun.status == "success"
    assert UUID(begun.user_id)
    assert urlsplit(begun.auth_url).scheme in {"http", "https"}
    assert begun.expires_in > 0


def test_auth_token(terra: Any) -> None:
    first, second = (terra.authentication.generateauthtoken() for _ in range(2))

    assert first.status == "success"
    assert first.expires_in == 180
    assert isinstance(first.token, str)
    assert len(first.token) >= 32
    assert first.token != second.token


def test_deauthenticate(terra: Any, integrated: CreatedCompany) -> None:
    user = user_of(integrated)

    assert terra.authentication.deauthenticateuser(user_id=str(user.pk)).status == "success"

    assert terra.user.getinfoforuserid(user_id=str(user.pk)).is_authenticated is False
    assert terra.user.getalluserids().users == []


def test_user_by_id(terra: Any, integrated: CreatedCompany) -> None:
    user = user_of(integrated, "runner-7")

    info = terra.user.getinfoforuserid(user_id=str(user.pk))

    assert info.status == "success"
    assert info.is_authenticated is True
    assert info.user.user_id == str(user.pk)
    assert info.user.provider == "SANDBOX"
    assert info.user.reference_id == "runner-7"
    assert info.user.active is True
    assert info.user.scopes == "activity,sleep"
    assert info.user.created_at == user.created_at.isoformat(timespec="microseconds")
    assert info.user.last_polled_at is None
    assert info.user.most_recent_data_at is None


def test_users_by_reference(terra: Any, integrated: CreatedCompany) -> None:
    user = user_of(integrated, "runner-7")

    found = terra.user.getinfoforuserid(reference_id="runner-7")
    nobody = terra.user.getinfoforuserid(reference_id="nobody")

    assert found.status == "success"
    assert [entry["user_id"] for entry in found.users] == [str(user.pk)]
    assert nobody.users == []


def test_all_users_and_pages(terra: Any, integrated: CreatedCompany) -> None:
    expected = [str(user_of(integrated).pk) for _ in range(3)]

    everyone = terra.user.getalluserids()
    pages = [terra.user.getalluserids(page=number, per_page=2).data for number in (0, 1)]

    assert [user.user_id for user in everyone.users] == expected
    assert [page["next"] for page in pages] == [1, None]
    assert [page["max_page"] for page in pages] == [1, 1]
    assert [user["user_id"] for page in pages for user in page["results"]] == expected


def test_several_users(terra: Any, integrated: CreatedCompany) -> None:
    users = [user_of(integrated, name) for name in ("one", "two")]

    found = terra.user.getinfoformultipleuserids(request=[str(user.pk) for user in users])

    told = {user.user_id: (user.provider, user.reference_id, user.active) for user in found}
    assert told == {
        str(users[0].pk): ("SANDBOX", "one", True),
        str(users[1].pk): ("SANDBOX", "two", True),
    }


def test_a_user_gets_another_reference(terra: Any, integrated: CreatedCompany) -> None:
    user = user_of(integrated, "old")

    changed = terra.user.modifyuser(str(user.pk), reference_id="new")

    assert changed.status == "success"
    assert changed.user.user_id == str(user.pk)
    assert changed.user.reference_id == "new"
    assert changed.user.active is True
    assert terra.user.getinfoforuserid(user_id=str(user.pk)).user.reference_id == "new"


def test_a_user_is_paused_and_goes_on(terra: Any, integrated: CreatedCompany) -> None:
    user = user_of(integrated, "runner-7")

    paused = terra.user.modifyuser(str(user.pk), active=False)
    shown = terra.user.getinfoforuserid(user_id=str(user.pk))
    resumed = terra.user.modifyuser(str(user.pk), active=True)

    assert paused.user.active is False
    assert paused.user.reference_id == "runner-7"
    assert shown.user.active is False
    assert resumed.user.active is True


def test_integrations(terra: Any) -> None:
    found = terra.integrations.fetch()

    assert found.status == "success"
    assert found.providers == ["SANDBOX"]
    assert found.sdk_resource == ["APPLE", "HEALTH_CONNECT", "SAMSUNG"]
    assert found.sdk_providers == found.sdk_resource


def test_integrations_in_detail(terra: Any) -> None:
    found = terra.integrations.detailedfetch()
    with_phones = terra.integrations.detailedfetch(sdk=True)

    (wearable,) = found.providers
    assert found.status == "success"
    assert wearable.provider == "SANDBOX"
    assert wearable.name
    assert urlsplit(wearable.icon).scheme in {"http", "https"}
    assert isinstance(wearable.setup, str)
    assert wearable.enabled is True
    assert wearable.types.activity is wearable.types.sleep is wearable.types.daily is False
    assert {entry.provider for entry in with_phones.providers} > {"SANDBOX"}


@pytest.mark.parametrize(
    ("call", "expected", "status"),
    [
        (lambda t: t.user.getinfoforuserid(user_id=str(uuid4())), NotFoundError, 404),
        (lambda t: t.user.getinfoforuserid(), BadRequestError, 400),
        (lambda t: t.user.getalluserids(page=-1), BadRequestError, 400),
        (lambda t: t.user.modifyuser(str(uuid4()), reference_id="r"), ApiError, 404),
        (lambda t: t.authentication.deauthenticateuser(user_id="x"), NotFoundError, 404),
        (
            lambda t: t.authentication.generatewidgetsession(providers="NO-SUCH-WEARABLE"),
            BadRequestError,
            400,
        ),
        (
            lambda t: t.authentication.authenticateuser(resource="NO-SUCH-WEARABLE"),
            BadRequestError,
            400,
        ),
        (
            lambda t: t.authentication.generatewidgetsession(reference_id="r" * 3_000_000),
            ApiError,
            413,
        ),
    ],
    ids=[
        "nobody",
        "no id",
        "no page",
        "nobody to change",
        "nobody to disconnect",
        "no such link",
        "no such wearable",
        "too large",
    ],
)
def test_errors_arrive_as_the_clients_own(
    terra: Any, call: Callable[[Any], object], expected: type[ApiError], status: int
) -> None:
    assert_refused(lambda: call(terra), expected, status)


def test_an_occupied_reference_is_the_clients_own_error(
    terra: Any, integrated: CreatedCompany
) -> None:
    grant = cast.grant()
    first, second = (user_of(integrated, name, on=grant) for name in ("one", "two"))

    assert_refused(
        lambda: terra.user.modifyuser(str(second.pk), reference_id="one"), BadRequestError, 400
    )
    assert terra.user.getinfoforuserid(user_id=str(first.pk)).user.reference_id == "one"


@pytest.mark.parametrize(
    "part", ["activity", "body", "daily", "menstruation", "nutrition", "sleep", "athlete"]
)
def test_data_is_not_there_yet(terra: Any, integrated: CreatedCompany, part: str) -> None:
    dates = {} if part == "athlete" else DATES
    user_id = str(user_of(integrated).pk)

    assert_refused(lambda: getattr(terra, part).fetch(user_id=user_id, **dates), ApiError, 501)


@pytest.mark.parametrize("wrong", [{"api_key": "tpk_wrong"}, {"dev_id": "nobody"}], ids=str)
def test_wrong_credentials(client: Opened, wrong: dict[str, str]) -> None:
    terra = client(**wrong)

    for call in (
        terra.user.getalluserids,
        terra.authentication.generateauthtoken,
        terra.authentication.generatewidgetsession,
        lambda: terra.user.modifyuser(str(uuid4()), active=False),
    ):
        assert_refused(call, ApiError, 401)
    assert_refused(lambda: terra.activity.fetch(user_id="x", **DATES), UnauthorizedError, 401)


def assert_refused(call: Callable[[], object], expected: type[ApiError], status: int) -> None:
    """The client's own exception of that very class, with status and body."""
    with pytest.raises(ApiError) as caught:
        call()
    assert type(caught.value) is expected
    assert caught.value.status_code == status
    assert caught.value.body["status"] == "error"
    assert caught.value.body["message"] == caught.value.body["detail"]
    assert caught.value.body["type"] == "about:blank"
