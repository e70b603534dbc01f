"""Oura: the flow, whose account it is, refusals, the revoke and the probe."""

import base64
from typing import Any

import pytest

from connections.providers import WearableProvider
from connections.providers.answers import (
    Failure,
    Held,
    Probe,
    ProviderError,
)
from terra_portal import redaction
from tests.connections.providers import stand_in
from tests.connections.providers.stand_in import CLIENT_SECRET, StandIn

API = "api.ouraring.com"
INFO = f"GET {API}/v2/usercollection/personal_info"
LIST = f"GET {API}/v2/webhook/subscription"
ORDER = f"POST {API}/v2/webhook/subscription"
TOKEN = f"POST {API}/oauth/token"
REVOKE = f"POST {API}/oauth/revoke"
HELD = Held("access-1", "refresh-1", "u1")
STALE = Held("access-1", "refresh-1", "u1", has_run_out=True)
TOKENS = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 86400}


@pytest.fixture
def oura(maker: StandIn) -> WearableProvider:
    return stand_in.simulated("OURA", "oura-app")


def test_no_challenge_is_sent_and_what_names_the_account_is_always_asked(
    oura: WearableProvider, maker: StandIn
) -> None:
    url, verifier = oura.authorize_url("state-1", ["daily"])
    assert url.startswith(f"{maker.url}/cloud.ouraring.com/oauth/authorize?")
    assert "scope=daily+personal" in url
    assert "code_challenge" not in url
    assert verifier == ""


def test_the_account_is_the_id_of_the_personal_information(
    oura: WearableProvider, maker: StandIn
) -> None:
    maker.set(TOKEN, {**TOKENS, "scope": "daily personal"})
    maker.set(INFO, {"id": "u1", "email": "somebody@example.org"})
    answer = oura.exchange("code-1", "")
    assert (answer.provider_user_id, answer.scopes) == ("u1", ["daily", "personal"])
    exchange, identity = maker.calls
    assert exchange.form == {
        "grant_type": "authorization_code",
        "code": "code-1",
        "redirect_uri": "http://testserver/connect/callback/oura/",
        "client_id": "oura-app",
        "client_secret": CLIENT_SECRET,
    }
    assert identity.headers["authorization"] == "Bearer access-1"


@pytest.mark.parametrize(
    ("said", "told", "scopes"),
    [
        ("personal", "personal daily", ["personal"]),
        (None, "personal heartrate", ["heartrate", "personal"]),
        (None, "personal made-up \ud800", ["personal"]),
        (None, "", None),
    ],
)
def test_what_was_unticked_is_told_by_the_answer_or_by_the_way_back(
    oura: WearableProvider, maker: StandIn, said: str | None, told: str, scopes: list[str] | None
) -> None:
    maker.set(TOKEN, TOKENS if said is None else {**TOKENS, "scope": said})
    maker.set(INFO, {"id": "u1"})
    assert oura.exchange("code-1", "", told_scope=told).scopes == scopes


def test_a_lapsed_membership_connects_nobody(oura: WearableProvider, maker: StandIn) -> None:
    maker.set(TOKEN, TOKENS)
    maker.set(INFO, {"detail": "membership"}, status=403)
    with pytest.raises(ProviderError) as raised:
        oura.exchange("code-1", "")
    assert raised.value.failure is Failure.UNUSABLE


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, {"error": "invalid_grant"}, Failure.INVALID_GRANT),
        # The wrong portal's applications get the same: it proves nothing.
        (400, {"error": "invalid_request"}, Failure.UNUSABLE),
        (401, {"error": "invalid_client"}, Failure.INVALID_CLIENT),
        (400, {"detail": "no"}, Failure.UNUSABLE),
        (403, {"error": "invalid"}, Failure.UNUSABLE),
        (429, {}, Failure.UNAVAILABLE),
        (500, {}, Failure.UNAVAILABLE),
        (410, {}, Failure.RETIRED),
        (400, b"<html>", Failure.UNUSABLE),
    ],
)
def test_what_a_refused_refresh_means(
    oura: WearableProvider, maker: StandIn, status: int, body: Any, failure: Failure
) -> None:
    maker.set(TOKEN, body, status=status)
    with pytest.raises(ProviderError) as raised:
        oura.refresh(HELD)
    assert raised.value.failure is failure


@pytest.mark.parametrize(
    ("status", "body", "probe"),
    [
        (200, {"id": "u1"}, Probe.ALIVE),
        (401, {"detail": "expired or revoked"}, Probe.DEAD),
        (403, {"detail": "membership"}, Probe.UNSURE),
        (400, {"error": "invalid_token"}, Probe.UNSURE),
        (404, {}, Probe.UNSURE),
    ],
)
def test_what_a_probe_shows(
    oura: WearableProvider, maker: StandIn, status: int, body: Any, probe: Probe
) -> None:
    maker.set(INFO, body, status=status)
    assert oura.probe(HELD) is probe


@pytest.mark.parametrize(
    ("status", "body"), [(401, b"<html>"), (200, b"<html>"), (429, {}), (503, {}), (410, {})]
)
def test_what_does_not_speak_of_the_authorisation_is_no_probe(
    oura: WearableProvider, maker: StandIn, status: int, body: Any
) -> None:
    maker.set(INFO, body, status=status)
    with pytest.raises(ProviderError):
        oura.probe(HELD)


# Revoke


def test_a_revoke_names_the_access_token_and_shows_the_application_s_secret(
    oura: WearableProvider, maker: StandIn
) -> None:
    maker.set(REVOKE, {})
    oura.revoke(HELD)
    (call,) = maker.calls
    assert call.query == {"access_token": "access-1"}
    basic = base64.b64encode(f"oura-app:{CLIENT_SECRET}".encode()).decode()
    assert call.headers["authorization"] == f"Basic {basic}"
    assert "access-1" not in redaction.redact(
        f"POST https://{API}/oauth/revoke?access_token=access-1"
    )


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_revoke_is_over_only_where_the_token_is_seen_dead(
    oura: WearableProvider, maker: StandIn, status: int
) -> None:
    maker.set(REVOKE, {}, status=status)
    maker.set(INFO, {"id": "u1"})
    with pytest.raises(ProviderError) as raised:
        oura.revoke(HELD)
    assert raised.value.failure is Failure.UNUSABLE
    maker.set(INFO, {}, status=401)
    oura.revoke(HELD)
    with pytest.raises(ProviderError):
        oura.revoke(STALE)


def test_a_revoke_that_may_have_worked_says_so(oura: WearableProvider, maker: StandIn) -> None:
    maker.set(REVOKE, {}, status=502)
    with pytest.raises(ProviderError) as raised:
        oura.revoke(HELD)
    assert not raised.value.outcome_known
