"""Google Health: the flow, whose account it is, refusals, the revoke and the probe."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from pytest_django.fixtures import Settings

from connections.providers import WearableProvider
from connections.providers.answers import Failure, Held, Probe, ProviderError
from connections.providers.google import GoogleHealthProvider
from terra_portal import clock
from tests.connections.providers import stand_in
from tests.connections.providers.google_signer import CLIENT_ID
from tests.connections.providers.stand_in import CLIENT_SECRET, StandIn

TOKEN = "POST oauth2.googleapis.com/token"
REVOKE = "POST oauth2.googleapis.com/revoke"
IDENTITY = "GET health.googleapis.com/v4/users/me/identity"
SLEEP = "https://www.googleapis.com/auth/googlehealth.sleep.readonly"
NUTRITION = "https://www.googleapis.com/auth/googlehealth.nutrition.readonly"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
HELD = Held("access-1", "refresh-1", "health-1")
TOKENS = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 3599}
WHO = {"name": "users/me/identity", "legacyUserId": "2E4RVC", "healthUserId": "health-1"}
UNAUTHENTICATED = {
    "error": {"code": 401, "message": "Request had invalid…", "status": "UNAUTHENTICATED"}
}


@pytest.fixture
def google(maker: StandIn) -> WearableProvider:
    maker.set(TOKEN, TOKENS)
    maker.set(IDENTITY, WHO)
    return stand_in.simulated("GOOGLE", CLIENT_ID)


def id_token(**claims: Any) -> str:
    """Signed by nobody that we know, as the way that it came is proof enough."""
    usual = {"iss": "https://accounts.google.com", "aud": CLIENT_ID, "sub": "sub-1"}
    return jwt.encode(usual | claims, "x" * 32, algorithm="HS256")


def test_the_person_is_sent_with_all_that_a_refresh_token_takes(
    google: WearableProvider, maker: StandIn
) -> None:
    url, verifier = google.authorize_url("state-1", [SLEEP])
    assert url.startswith(f"{maker.url}/accounts.google.com/o/oauth2/v2/auth?")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert len(verifier) > 42
    assert asked.pop("code_challenge")
    assert asked == {
        "client_id": CLIENT_ID,
        "redirect_uri": "http://testserver/connect/callback/google/",
        "response_type": "code",
        "scope": f"{SLEEP} openid email",
        "state": "state-1",
        "access_type": "offline",
        "prompt": "consent",
        "code_challenge_method": "S256",
    }


def test_settings_of_the_dashboard_s_own_sign_in_change_nothing(
    google: WearableProvider, settings: Settings
) -> None:
    before = google.authorize_url("state-1")[0].partition("&code_challenge=")[0]
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": {"SCOPE": ["profile"], "AUTH_PARAMS": {}, "OAUTH_PKCE_ENABLED": False}
    }
    after, verifier = google.authorize_url("state-1")
    assert (after.partition("&code_challenge=")[0], bool(verifier)) == (before, True)


def test_the_account_has_two_names_and_only_data_is_shared(
    google: WearableProvider, maker: StandIn
) -> None:
    granted = f"{SLEEP} {EMAIL} openid {NUTRITION}"
    maker.set(TOKEN, {**TOKENS, "scope": granted, "id_token": id_token()})
    answer = google.exchange("code-1", "verifier-1")
    assert (answer.provider_user_id, answer.alternate_id) == ("health-1", "sub-1")
    assert answer.scopes == [NUTRITION, SLEEP]
    assert answer.refresh_expires_at is None
    exchange, identity = maker.calls
    assert exchange.form["code_verifier"] == "verifier-1"
    assert exchange.form["client_secret"] == CLIENT_SECRET
    assert identity.headers["authorization"] == "Bearer access-1"


def test_nothing_ticked_is_nothing_shared(google: WearableProvider, maker: StandIn) -> None:
    maker.set(TOKEN, {**TOKENS, "scope": f"openid {EMAIL}"})
    assert google.exchange("code-1", "v").scopes == []


@pytest.mark.parametrize(
    "token",
    [
        None,
        17,
        ["a"],
        "",
        "a.b.c",
        "\ud800",
        id_token(aud="somebody-else"),
        id_token(iss="https://evil.example"),
        id_token(sub=["sub-1"]),
        id_token(sub="sub\x00"),
        id_token(sub="\ud800"),
        id_token(sub="s" * 300),
    ],
)
def test_an_id_token_that_says_nothing_useful_keeps_nobody_out(
    google: WearableProvider, maker: StandIn, token: object
) -> None:
    maker.set(TOKEN, {**TOKENS, "id_token": token})
    answer = google.exchange("code-1", "v")
    assert (answer.provider_user_id, answer.alternate_id) == ("health-1", "")


@pytest.mark.parametrize("issuer", ["https://accounts.google.com/", "accounts.google.com"])
def test_the_issuer_s_other_spellings(
    google: WearableProvider, maker: StandIn, issuer: str
) -> None:
    maker.set(TOKEN, {**TOKENS, "id_token": id_token(iss=issuer)})
    assert google.exchange("code-1", "v").alternate_id == "sub-1"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": {"status": "FAILED_PRECONDITION", "reason": "ACCOUNT_NOT_LINKED"}}),
        (403, {"error": {"status": "PERMISSION_DENIED"}}),
        (200, {"legacyUserId": "2E4RVC"}),
        (200, {"healthUserId": None}),
        (200, {"healthUserId": "h\x00"}),
    ],
)
def test_an_account_without_google_health_is_not_connected(
    google: WearableProvider, maker: StandIn, status: int, body: Any
) -> None:
    maker.set(IDENTITY, body, status=status)
    with pytest.raises(ProviderError) as raised:
        google.exchange("code-1", "v")
    assert raised.value.failure is Failure.UNUSABLE


def test_a_refresh_keeps_the_refresh_token_and_may_end_it(
    google: WearableProvider, maker: StandIn
) -> None:
    maker.set(TOKEN, {"access_token": "access-2", "expires_in": 3599})
    answer = google.refresh(HELD)
    assert (answer.access_token, answer.refresh_token, answer.scopes) == ("access-2", "", None)
    maker.set(TOKEN, {**TOKENS, "refresh_token_expires_in": 604799})
    expires_at = google.refresh(HELD).refresh_expires_at
    assert expires_at is not None
    assert timedelta(days=6) < expires_at - clock.now() < timedelta(days=7)


@pytest.mark.parametrize("seconds", ["soon", [1], -(10**30), {"a": 1}])
def test_an_expiry_that_is_none_is_an_unusable_answer(
    google: WearableProvider, maker: StandIn, seconds: object
) -> None:
    maker.set(TOKEN, {**TOKENS, "refresh_token_expires_in": seconds})
    with pytest.raises(ProviderError) as raised:
        google.refresh(HELD)
    assert raised.value.failure is Failure.UNUSABLE


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, {"error": "invalid_grant", "error_description": "expired"}, Failure.INVALID_GRANT),
        # The Workspace wants the person to sign in again: nobody revoked anything.
        (400, {"error": "invalid_grant", "error_subtype": "invalid_rapt"}, Failure.UNUSABLE),
        (401, {"error": "invalid_client"}, Failure.INVALID_CLIENT),
        (401, {"error": "deleted_client"}, Failure.INVALID_CLIENT),
        (400, {"error": "admin_policy_enforced"}, Failure.UNUSABLE),
        (403, {"error": {"status": "PERMISSION_DENIED"}}, Failure.UNUSABLE),
        (429, {}, Failure.UNAVAILABLE),
        (503, b"<html>", Failure.UNAVAILABLE),
        (400, b"<html>", Failure.UNUSABLE),
    ],
)
def test_what_a_refused_refresh_means(
    google: WearableProvider, maker: StandIn, status: int, body: Any, failure: Failure
) -> None:
    maker.set(TOKEN, body, status=status)
    with pytest.raises(ProviderError) as raised:
        google.refresh(HELD)
    assert raised.value.failure is failure


@pytest.mark.parametrize(
    ("status", "body", "probe"),
    [
        (200, WHO, Probe.ALIVE),
        (401, UNAUTHENTICATED, Probe.DEAD),
        (401, {"error": "invalid_token"}, Probe.UNSURE),
        (401, {"error": {"code": 401}}, Probe.UNSURE),
        (401, {}, Probe.UNSURE),
        (403, UNAUTHENTICATED, Probe.UNSURE),
        (400, {"error": {"reason": "ACCOUNT_NOT_LINKED"}}, Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(
    google: WearableProvider, maker: StandIn, status: int, body: Any, probe: Probe
) -> None:
    maker.set(IDENTITY, body, status=status)
    assert google.probe(HELD) is probe


@pytest.mark.parametrize(("status", "body"), [(401, b"<html>"), (429, {}), (500, {}), (410, {})])
def test_what_does_not_speak_of_the_authorisation_is_no_probe(
    google: WearableProvider, maker: StandIn, status: int, body: Any
) -> None:
    maker.set(IDENTITY, body, status=status)
    with pytest.raises(ProviderError):
        google.probe(HELD)


# Revoke


@pytest.mark.parametrize(("refresh", "token"), [("refresh-1", "refresh-1"), ("", "access-1")])
def test_a_revoke_shows_the_token_and_no_secret(
    google: WearableProvider, maker: StandIn, refresh: str, token: str
) -> None:
    maker.set(REVOKE, {})
    google.revoke(Held("access-1", refresh, "health-1"))
    (call,) = maker.calls
    assert (call.query, call.form) == ({}, {"token": token})
    assert "authorization" not in call.headers


def test_a_token_that_was_dead_before_is_revoked(google: WearableProvider, maker: StandIn) -> None:
    maker.set(REVOKE, {"error": "invalid_token"}, status=400)
    google.revoke(HELD)


@pytest.mark.parametrize(
    ("status", "body", "known"),
    [
        (400, {"error": "invalid_request"}, True),
        (403, {}, True),
        (400, b"<html>", False),
        (500, {"error": "invalid_token"}, False),
    ],
)
def test_a_revoke_that_is_not_confirmed(
    google: WearableProvider, maker: StandIn, status: int, body: Any, known: bool
) -> None:
    maker.set(REVOKE, body, status=status)
    with pytest.raises(ProviderError) as raised:
        google.revoke(HELD)
    assert raised.value.outcome_known is known


@pytest.mark.parametrize(
    ("client_id", "group"),
    [
        (CLIENT_ID, "123456789"),
        ("123456789-other.apps.googleusercontent.com", "123456789"),
        ("123456789.apps.googleusercontent.com", ""),
        (f"{CLIENT_ID}.evil.example", ""),
        (f"x{CLIENT_ID}", ""),
        ("١٢٣-abc.apps.googleusercontent.com", ""),
        ("app", ""),
        ("", ""),
    ],
)
def test_the_clients_of_a_project_are_revoked_together(client_id: str, group: str) -> None:
    assert GoogleHealthProvider.revoke_group(client_id) == group


def test_a_subscriber_is_ordered_by_hand(google: WearableProvider, maker: StandIn) -> None:
    assert google.subscribe_application() is None
    assert maker.calls == []
    assert "service account" in GoogleHealthProvider.notice_steps
