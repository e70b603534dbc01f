"""POST /auth/authenticateUser: an address at the provider for one person, and their id to be."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings

from connections import finish
from connections.models import ConnectAttempt, ConnectSession
from connections.states import AttemptState, CancelReason
from developers.models import Environment, Event
from terra_portal import clock, crypto
from tests import cast
from tests.api.caller import Caller, caller
from tests.api.test_errors import assert_problem
from tests.pages.person import query

PATH = "/auth/authenticateUser"
OF_SANDBOX = f"{PATH}?resource=SANDBOX"


@pytest.fixture(autouse=True)
def offered(a: Caller) -> None:
    cast.source(a.environment, cast.oauth_client())


def test_it_reserves_a_user_and_answers_the_providers_own_address(
    a: Caller, settings: LazySettings
) -> None:
    answer = a.post(
        OF_SANDBOX,
        {
            "language": " EN ",
            "reference_id": "runner-7",
            "auth_success_redirect_url": "https://app.example/yes?x=1",
            "auth_failure_redirect_url": "myapp://no",
        },
    )

    attempt = ConnectAttempt.objects.select_related("session").get()
    assert answer.status == 200
    assert answer.body == {
        "status": "success",
        "user_id": str(attempt.user_id),
        "auth_url": answer.body["auth_url"],
        "expires_in": 900,
    }
    assert attempt.environment == attempt.session.environment == a.environment
    assert (attempt.provider, attempt.state) == ("SANDBOX", AttemptState.STARTED)
    assert attempt.expires_at - attempt.created_at == timedelta(seconds=900)
    session = attempt.session
    assert (session.providers, session.reference_id, session.language) == (
        ["SANDBOX"],
        "runner-7",
        "en",
    )
    assert session.success_url == "https://app.example/yes?x=1"
    assert session.failure_url == "myapp://no"
    asked = query(answer.body["auth_url"])
    assert answer.body["auth_url"].startswith(f"{settings.SANDBOX_URL}/oauth/authorize?")
    assert crypto.sha256(asked["state"]) == attempt.state_hash
    assert asked["code_challenge_method"] == "S256"
    assert urlsplit(asked["redirect_uri"]).path == "/connect/callback/sandbox/"


def test_no_browser_began_it(a: Caller) -> None:
    """Neither an empty cookie nor none passes for the one that did."""
    a.post(OF_SANDBOX)

    assert ConnectAttempt.objects.get().browser_hash == ""


@pytest.mark.parametrize(
    ("in_query", "in_body"),
    [
        ("SANDBOX", None),
        (None, "SANDBOX"),
        (" sandbox ", None),
        (None, "Sandbox"),
        ("SANDBOX", "sandbox"),
        ("", "SANDBOX"),
        ("SANDBOX", ""),
    ],
)
def test_the_query_or_the_body_names_the_provider(
    a: Caller, in_query: str | None, in_body: str | None
) -> None:
    answer = named(a, in_query, in_body)

    assert answer.status == 200
    assert ConnectAttempt.objects.get().provider == "SANDBOX"


def named(a: Caller, in_query: str | None, in_body: str | None) -> Any:
    asked = {} if in_query is None else {"query_params": {"resource": in_query}}
    body = {} if in_body is None else {"resource": in_body}
    return a.send("POST", PATH, data=json.dumps(body), **asked)


@pytest.mark.parametrize("body", ["", "{}", "null", '{"facility_id": "7", "webhook_url": "x"}'])
def test_the_body_may_be_left_out_and_hold_other_keys(a: Caller, body: str) -> None:
    assert a.send("POST", OF_SANDBOX, data=body).status == 200
    assert ConnectSession.objects.get().reference_id == ""


@pytest.mark.parametrize(
    ("in_query", "in_body"),
    [
        (None, None),
        ("", ""),
        ("  ", None),
        ("NO-SUCH-WEARABLE", None),
        (None, "NO-SUCH-WEARABLE"),
        ("\x00", None),
        ("FITBIT", None),
        ("SANDBOX", "FITBIT"),
        ("FITBIT", "SANDBOX"),
        (None, 7),
        ("SANDBOX", ["SANDBOX"]),
        ("S" * 5000, None),
    ],
    ids=repr,
)
def test_a_provider_that_is_missing_unknown_ambiguous_or_not_offered_is_400(
    a: Caller, in_query: Any, in_body: Any
) -> None:
    answer = named(a, in_query, in_body)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].startswith("resource: ")
    assert len(answer.body["detail"]) < 200
    assert not ConnectSession.objects.exists()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"language": 1}, "language"),
        ({"language": "x" * 100}, "language"),
        ({"reference_id": "a\x00b"}, "reference_id"),
        ({"reference_id": "r" * 513}, "reference_id"),
        ({"auth_success_redirect_url": "javascript:alert(1)"}, "auth_success_redirect_url"),
        ({"auth_failure_redirect_url": "data:text/html,x"}, "auth_failure_redirect_url"),
        ([], "body"),
    ],
)
def test_what_does_not_fit_is_400_and_leaves_nothing(a: Caller, sent: Any, field: str) -> None:
    answer = a.send("POST", OF_SANDBOX, data=json.dumps(sent))

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"].partition(":")[0] == field
    assert not ConnectSession.objects.exists()
    assert not ConnectAttempt.objects.exists()


def test_production_returns_only_to_addresses_on_its_list(db: None, settings: LazySettings) -> None:
    production = caller(cast.company("P"), "production")
    cast.source(production.environment, cast.oauth_client("STRAVA", simulated=False))
    listed = Environment.objects.filter(pk=production.environment.pk)
    listed.update(return_origins=["https://app.example"])
    path = f"{PATH}?resource=STRAVA"

    own = production.post(path, {"auth_success_redirect_url": "https://app.example/yes"})
    other = production.post(path, {"auth_success_redirect_url": "https://app.example.evil/yes"})

    assert own.status == 200
    assert own.body["auth_url"].startswith("https://www.strava.com/oauth/")
    assert_problem(other, 400, "bad request")
    assert other.body["detail"].startswith("auth_success_redirect_url: ")


def test_a_provider_that_is_switched_off_is_400(a: Caller, settings: LazySettings) -> None:
    settings.SANDBOX_URL = ""

    answer = a.post(OF_SANDBOX)

    assert_problem(answer, 400, "bad request")
    assert answer.body["detail"] == ("resource: cannot be connected in this environment at present")


def test_the_reserved_id_is_nobodys_until_the_person_has_connected(a: Caller) -> None:
    user_id = a.post(OF_SANDBOX).body["user_id"]

    reserved = a.get("/userInfo", user_id=user_id)

    assert_problem(reserved, 404, "not found")
    assert a.get("/subscriptions").body == {"users": []}
    assert a.delete("/auth/deauthenticateUser", user_id=user_id).status == 404


def test_one_that_nobody_finishes_is_told_when_its_time_is_over(a: Caller) -> None:
    a.post(OF_SANDBOX, {"reference_id": "runner-7"})
    ConnectAttempt.objects.update(expires_at=clock.now())

    assert finish.sweep() == 1

    attempt = ConnectAttempt.objects.get()
    assert (attempt.state, attempt.reason) == (AttemptState.FAILED, CancelReason.ATTEMPT_EXPIRED)
    told = json.loads(Event.objects.get().body)
    assert (told["type"], told["reason"]) == ("auth_cancelled", "attempt_expired")
    assert (told["flow_id"], told["reference_id"]) == (str(attempt.pk), "runner-7")
