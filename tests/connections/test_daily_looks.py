"""The sweep that looks at every living grant: who comes first, and who holds up nobody."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from connections import liveness, schedule, sweeps
from connections.models import Grant, OAuthClient
from connections.providers.answers import Held, Probe
from connections.providers.sandbox import SandboxProvider
from connections.states import GrantState
from terra_portal import clock
from terra_portal.network import NetworkInTransactionError
from tests import cast
from tests.connections.providers import stand_in
from tests.connections.providers.stand_in import Answer, Call, StandIn
from tests.sandbox.company import wait_until
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
ME = "GET v1/me"


@pytest.fixture
def maker(settings: Settings) -> Iterator[StandIn]:
    """The sandbox wearable's API, where every token is good unless a test says otherwise."""
    with stand_in.running() as server:
        settings.SANDBOX_URL = server.url
        server.set(ME, {"user_id": "somebody"})
        yield server


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)


def due(client: OAuthClient, name: str, *, since: timedelta = DAY, **more: Any) -> Grant:
    """A grant whose time has come; its access token is its name."""
    grant = cast.grant(client, account=name)
    grant.access_token = name
    grant.next_probe_at = clock.now() - since
    for field, value in more.items():
        setattr(grant, field, value)
    grant.save()
    return grant


def bearers(maker: StandIn) -> list[str]:
    """Whose tokens came, in order."""
    return [call.bearer for call in maker.calls]


def at_pace(monkeypatch: pytest.MonkeyPatch, per_minute: float) -> None:
    monkeypatch.setattr(SandboxProvider, "probes_per_minute", per_minute)


def test_a_sign_of_life_puts_the_next_look_off_for_the_most_of_a_day(maker: StandIn) -> None:
    grant = due(cast.oauth_client(), "one", unsure_looks=3)

    before = clock.now()
    assert sweeps.grants_due() == 1
    after = clock.now()

    grant.refresh_from_db()
    assert bearers(maker) == ["one"]
    assert grant.next_probe_at is not None
    assert before + 0.6 * DAY <= grant.next_probe_at <= after + 0.9 * DAY
    assert grant.unsure_looks == 0
    assert sweeps.grants_due() == 0


def test_what_began_together_is_not_looked_at_together() -> None:
    times = sorted(schedule.within(DAY) for _ in range(200))
    assert times[-1] - times[0] > 0.2 * DAY


def test_the_doubted_come_first_though_others_have_waited_longer(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch, stopped_clock: None
) -> None:
    at_pace(monkeypatch, 14)
    client = cast.oauth_client()
    for name in ("x", "y", "z"):
        due(client, name)
    due(client, "doubted", since=timedelta(seconds=1), doubted=True)
    first_dead = {"state": GrantState.DOUBTFUL, "doubtful_since": clock.now() - DAY}
    due(client, "dead once", since=timedelta(seconds=2), doubted=True, **first_dead)

    sweeps.grants_due()

    assert sorted(bearers(maker)) == ["dead once", "doubted", "x"]


def test_who_waits_longest_comes_first(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch, stopped_clock: None
) -> None:
    at_pace(monkeypatch, 14)
    client = cast.oauth_client()
    for hours in (5, 1, 4, 2, 3):
        due(client, f"{hours} hours", since=timedelta(hours=hours))

    sweeps.grants_due()

    assert sorted(bearers(maker)) == ["3 hours", "4 hours", "5 hours"]


def test_many_sweepers_at_once_keep_the_pace_and_look_at_nobody_twice(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch, stopped_clock: None
) -> None:
    at_pace(monkeypatch, 70)
    client = cast.oauth_client()
    for number in range(30):
        due(client, f"token {number}")

    done = run_together(*[sweeps.grants_due] * 4)

    # One each second, with the ten seconds that may be caught up with.
    assert sum(done) == len(set(bearers(maker))) == len(maker.calls) == 11
    with clock.shifted(timedelta(seconds=5)):
        run_together(*[sweeps.grants_due] * 4)
    assert len(set(bearers(maker))) == len(maker.calls) == 16


@pytest.mark.parametrize("why", ["asked for patience", "out of slots"])
def test_one_that_may_not_knock_starves_nobody(maker: StandIn, why: str) -> None:
    stuck, other = cast.oauth_client(), cast.oauth_client()
    for number in range(150):
        due(stuck, f"stuck {number}", doubted=True)
    due(other, "other", since=timedelta(0))
    later = clock.now() + timedelta(minutes=30)
    column = "busy_until" if why == "asked for patience" else "probe_slot_at"
    OAuthClient.objects.filter(pk=stuck.pk).update(**{column: later})

    assert sweeps.grants_due() == 1

    assert bearers(maker) == ["other"]


def test_a_slow_provider_holds_up_nobody(maker: StandIn) -> None:
    slow, other = cast.oauth_client(), cast.oauth_client()
    for number in range(10):
        due(slow, f"slow {number}", doubted=True)
    due(other, "other", since=timedelta(0))
    # The slow one's turn comes first, as it has never been asked.
    OAuthClient.objects.filter(pk=other.pk).update(probe_slot_at=clock.now() - DAY)
    released = threading.Event()

    def wait_if_slow(call: Call) -> None:
        if call.bearer.startswith("slow"):
            released.wait(30)

    maker.meanwhile = wait_if_slow

    def look() -> bool:
        wait_until(lambda: "other" in bearers(maker))
        early = not released.is_set()
        released.set()
        return early

    done, came_early = run_together(sweeps.grants_due, look)
    assert (done, came_early) == (11, True)


def test_too_many_requests_stops_the_round_for_that_application(maker: StandIn) -> None:
    client = cast.oauth_client()
    for number in range(40):
        due(client, f"token {number}")
    maker.set(ME, Answer({"error": "slow down"}, 429, {"Retry-After": "120"}))

    sweeps.grants_due()

    assert 1 <= len(maker.calls) <= 3  # those that were under way
    client.refresh_from_db()
    assert client.busy_until is not None
    with clock.shifted(timedelta(seconds=110)):
        assert sweeps.grants_due() == 0
    assert not Grant.objects.exclude(state=GrantState.ACTIVE).exists()


def test_a_fault_in_one_row_keeps_no_other_from_its_turn(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = cast.oauth_client()
    for name in ("good", "bad", "also good"):
        due(client, name)
    probe = SandboxProvider.probe

    def faulty(self: SandboxProvider, held: Held) -> Probe:
        answer = probe(self, held)
        if held.access_token == "bad":
            raise RuntimeError("a fault of ours")
        return answer

    monkeypatch.setattr(SandboxProvider, "probe", faulty)

    with pytest.raises(RuntimeError, match="a fault of ours"):
        sweeps.grants_due()

    assert sorted(bearers(maker)) == ["also good", "bad", "good"]
    assert Grant.objects.filter(next_probe_at__gt=clock.now() + DAY / 2).count() == 2


def test_what_tells_nothing_is_asked_less_and_less_often(maker: StandIn) -> None:
    maker.set(ME, {"error": "membership"}, status=403)
    grant = due(cast.oauth_client(), "lapsed")
    waits = [wait_after_a_look(grant) for _ in range(10)]
    minutes = [round(wait / timedelta(minutes=1)) for wait in waits]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]


def test_a_doubted_one_is_asked_every_hour_at_least(maker: StandIn) -> None:
    maker.set(ME, {}, status=500)
    grant = due(cast.oauth_client(), "doubted", doubted=True)
    waits = [wait_after_a_look(grant) for _ in range(8)]
    assert [round(wait / timedelta(minutes=1)) for wait in waits] == [1, 2, 4, 8, 16, 32, 60, 60]


def wait_after_a_look(grant: Grant) -> timedelta:
    began = clock.now()
    liveness.probe(grant.pk)
    grant.refresh_from_db()
    assert grant.next_probe_at is not None
    return grant.next_probe_at - began


def test_whom_only_the_person_can_help_is_not_looked_at(maker: StandIn) -> None:
    client = cast.oauth_client()
    stale = due(client, "needs the person", state=GrantState.NEEDS_REAUTH)
    timeless = cast.grant(client)
    Grant.objects.filter(pk=timeless.pk).update(state=GrantState.NEEDS_REAUTH)

    for _ in range(2):
        sweeps.grants_due()

    assert maker.calls == []
    times = Grant.objects.filter(pk__in=[stale.pk, timeless.pk]).values_list("next_probe_at")
    assert list(times) == [(None,), (None,)]


def test_those_of_old_get_a_time_each_spread_over_the_day(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeps, "SHARING", 2)
    client = cast.oauth_client()
    for _ in range(30):
        cast.grant(client)
    ended = cast.grant(client)
    Grant.objects.filter(pk=ended.pk).update(state=GrantState.ENDED)

    sweeps.give_times()

    times = [time for time in all_times() if time]
    assert len(times) == 30
    assert len(set(times)) == 15
    assert clock.now() - timedelta(seconds=30) < min(times) < max(times) < clock.now() + DAY
    assert sweeps.give_times() == 0


def all_times() -> list[datetime | None]:
    return list(Grant.objects.values_list("next_probe_at", flat=True))


def test_a_nudge_looks_at_once_where_the_pace_allows(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch, stopped_clock: None
) -> None:
    at_pace(monkeypatch, 7)
    client = cast.oauth_client()
    found = [due(client, name, doubted=True) for name in ("a", "b", "c")]

    for grant in found:
        sweeps.look_soon(grant.pk)

    assert bearers(maker) == ["a", "b"]
    found[2].refresh_from_db()
    assert found[2].next_probe_at is not None
    assert found[2].next_probe_at < clock.now()


def test_a_nudge_that_comes_twice_looks_once(maker: StandIn) -> None:
    grant = due(cast.oauth_client(), "one", doubted=True)
    run_together(*[lambda: sweeps.look_soon(grant.pk)] * 5)
    assert bearers(maker) == ["one"]


def test_the_sweep_refuses_to_run_in_a_transaction(maker: StandIn) -> None:
    due(cast.oauth_client(), "one")
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        sweeps.grants_due()
    assert maker.calls == []


def test_two_dead_looks_by_the_sweep_end_it(maker: StandIn) -> None:
    maker.set(ME, {"error": "invalid_token"}, status=401)
    grant = due(cast.oauth_client(), "dead")
    sweeps.grants_due()
    grant.refresh_from_db()
    assert (grant.state, grant.doubted) == (GrantState.DOUBTFUL, True)
    with clock.shifted(timedelta(seconds=61)):
        sweeps.grants_due()
    grant.refresh_from_db()
    assert grant.state == GrantState.ENDED
