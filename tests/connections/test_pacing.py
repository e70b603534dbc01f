"""The pace of one application: no minute holds more than it may, whoever takes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from connections import pacing
from connections.models import OAuthClient
from connections.providers.sandbox import SandboxProvider
from terra_portal import clock
from tests import cast
from tests.threads import run_together

pytestmark = pytest.mark.django_db

IN_A_MINUTE = 14
# Five seconds apart, so that ten seconds may be caught up with by three calls.
AT_ONCE = 3


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> OAuthClient:
    """An application of fourteen calls a minute. Time stands still unless a test moves it."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    monkeypatch.setattr(SandboxProvider, "probes_per_minute", IN_A_MINUTE)
    return cast.oauth_client()


def taken(client: OAuthClient, at: float, wanted: int = 100) -> int:
    with clock.shifted(timedelta(seconds=at)):
        return pacing.take(client.pk, wanted)


def test_no_minute_holds_more_than_the_provider_allows(client: OAuthClient) -> None:
    calls: list[float] = []
    for half_seconds in range(360):
        calls += [half_seconds / 2] * taken(client, half_seconds / 2)

    for start in calls:
        assert len([call for call in calls if start <= call < start + 60]) <= IN_A_MINUTE
    assert len(calls) >= 3 * IN_A_MINUTE * 60 / 70


def test_a_fraction_is_a_call_every_few_minutes(
    client: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxProvider, "probes_per_minute", 0.5)
    assert [taken(client, at) for at in (0, 60, 129, 130, 260)] == [1, 0, 0, 1, 0]


def test_a_long_rest_saves_up_ten_seconds_only(client: OAuthClient) -> None:
    assert taken(client, 0) == AT_ONCE
    assert taken(client, 24 * 3600) == AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_the_slots(client: OAuthClient) -> None:
    given = run_together(*[lambda: pacing.take(client.pk, 2)] * 8)
    assert sum(given) == AT_ONCE


def test_nobody_knocks_while_the_provider_asks_for_patience(client: OAuthClient) -> None:
    OAuthClient.objects.update(busy_until=clock.now() + timedelta(seconds=90))
    assert [taken(client, at) for at in (0, 89, 91)] == [0, 0, AT_ONCE]


@pytest.mark.parametrize("name", ["probe_slot_at", "busy_until"])
def test_a_clock_that_was_wrong_silences_nobody(client: OAuthClient, name: str) -> None:
    OAuthClient.objects.update(**{name: clock.now() + timedelta(days=300)})
    assert taken(client, 0, 1) == 1
    in_a_minute = pacing.is_free(clock.now() + timedelta(minutes=1))
    assert OAuthClient.objects.filter(in_a_minute).exists()


@pytest.mark.parametrize("busy", [None, -1, 30, 3599, 3601])
@pytest.mark.parametrize("slot", [None, -1, 30, 3599, 3601])
def test_the_condition_and_the_row_agree(
    client: OAuthClient, busy: int | None, slot: int | None
) -> None:
    now = clock.now()
    client.busy_until, client.probe_slot_at = (
        None if seconds is None else now + timedelta(seconds=seconds) for seconds in (busy, slot)
    )
    client.save()
    by_condition = OAuthClient.objects.filter(pacing.is_free(now), pk=client.pk).exists()
    assert by_condition == (pacing.free_at(client, now) <= now)
