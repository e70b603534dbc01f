"""An access token has run out: one new set for all who ask, or one question to the person."""

from typing import Any

import pytest

from connections import tokens
from connections.states import Attention, GrantState
from connections.tokens import TokensUnavailableError
from tests.matrix.cases import Case, case
from tests.matrix.wearable import HOUR, Wearable
from tests.threads import run_together
from tests.world import work

CALLERS = 4


@case(Case.REFRESH)
def test_refresh(wearable: Wearable) -> None:
    assert_served_by_one_refresh(wearable, callers=1)


@case(Case.CONCURRENT_REFRESH)
def test_concurrent_refresh(wearable: Wearable) -> None:
    assert_served_by_one_refresh(wearable, callers=CALLERS)


def assert_served_by_one_refresh(wearable: Wearable, *, callers: int) -> None:
    wearable.dial(access_token_seconds=HOUR)
    wearable.connect_both()
    before = wearable.grant()
    scopes = before.scopes

    with wearable.at(before.access_expires_at):
        served = run_together(*[lambda: tokens.fresh(before.pk)] * callers)

    if not wearable.maker.refreshes:
        assert_asks_for_a_consent(wearable, served)
        return
    after = wearable.grant()
    assert set(served) == {after.access_token}
    assert after.access_token != before.access_token
    assert before.access_expires_at
    assert after.access_expires_at
    assert after.access_expires_at > before.access_expires_at
    assert wearable.refreshes() == 1
    assert wearable.is_alive()
    assert after.scopes == scopes
    wearable.assert_both_live()
    rotated = after.refresh_token != before.refresh_token
    assert rotated is wearable.dials()["refresh_rotates"]
    calls = "one call for all, " if callers > 1 else ""
    wearable.seen = calls + ("a new pair" if rotated else "the refresh token stays")


def assert_asks_for_a_consent(wearable: Wearable, served: list[Any]) -> None:
    """There is nothing to refresh with: that is no revocation, and a new consent mends it."""
    with pytest.raises(TokensUnavailableError):
        raise served[0]
    assert {one.attention for one in served} == {Attention.NEEDS_REAUTH}
    assert wearable.refreshes() == 0
    assert wearable.grant().state == GrantState.NEEDS_REAUTH
    told = "connection_error"
    wearable.assert_both_live(told, attention=Attention.NEEDS_REAUTH)
    work()

    wearable.connect(wearable.a, "again")

    assert wearable.grant().state == GrantState.ACTIVE
    assert wearable.attention() == {Attention.NONE}
    assert wearable.events(wearable.b) == ["auth", told]
    wearable.seen = "—: no refresh token; one that runs out needs a new consent"
