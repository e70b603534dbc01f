"""The commands by which an operator runs a sweep at once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from connections import rounds
from connections.models import Grant, OAuthClient
from connections.providers.sandbox import SandboxProvider
from connections.rounds import Scope
from connections.states import GrantState
from developers.models import Environment
from terra_portal import clock
from tests import cast
from tests.connections.providers import stand_in
from tests.connections.providers.stand_in import Answer, Call, StandIn
from tests.postgres import database_url

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["refresh_grants", "probe_grants", "revoke_pending", "sync_subscriptions"]
each_command = pytest.mark.parametrize("command", COMMANDS)
DAY = timedelta(days=1)
ME, TOKEN, REVOKE = "GET v1/me", "POST oauth/token", "POST oauth/revoke"


class Screen(StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def maker(settings: Settings) -> Iterator[StandIn]:
    with stand_in.running() as server:
        settings.SANDBOX_URL = server.url
        server.set(ME, {"user_id": "somebody"})
        server.set(TOKEN, {"access_token": "new", "refresh_token": "r", "expires_in": 3600})
        server.set(REVOKE, {})
        yield server


@pytest.fixture
def a() -> Environment:
    return cast.company("Alder").environments["testing"]


def said(command: str, *more: str) -> dict[str, Any]:
    """The one object on stdout; nothing is on stderr."""
    out, err = StringIO(), StringIO()
    call_command(command, *more, "--json", stdout=out, stderr=err)
    assert err.getvalue() == ""
    return dict(json.loads(out.getvalue()))


def living(client: OAuthClient | None = None, **more: Any) -> Grant:
    """A grant whose day has not come."""
    grant = cast.grant(client)
    grant.next_probe_at = clock.now() + DAY
    for name, value in more.items():
        setattr(grant, name, value)
    grant.save()
    return grant


def above_naught(counts: dict[str, int]) -> dict[str, int]:
    return {name: number for name, number in counts.items() if number}


# What each of them does


def test_probe_asks_about_every_living_grant_whatever_its_schedule(maker: StandIn) -> None:
    client = cast.oauth_client()
    for _ in range(3):
        living(client)
    living(client, state=GrantState.NEEDS_REAUTH)
    living(client, state=GrantState.ENDED)

    counts = said("probe_grants")

    assert list(counts) == ["grants", "alive", "doubtful", "ended", "needs_reauth", "unsure"]
    assert above_naught(counts) == {"grants": 3, "alive": 3}
    assert len(maker.calls) == 3


def test_probe_keeps_to_the_rules_of_evidence(maker: StandIn) -> None:
    maker.set(ME, {"error": "invalid_token"}, status=401)
    living()
    assert said("probe_grants")["doubtful"] == 1
    assert said("probe_grants")["doubtful"] == 1
    with clock.shifted(timedelta(seconds=61)):
        assert said("probe_grants")["ended"] == 1
    assert said("probe_grants")["grants"] == 0


def test_probe_says_what_told_nothing(maker: StandIn) -> None:
    maker.set(ME, {}, status=500)
    living()
    assert said("probe_grants")["unsure"] == 1


def test_refresh_takes_those_that_have_run_out_or_are_about_to(maker: StandIn) -> None:
    client = cast.oauth_client()
    out = [timedelta(minutes=-5), timedelta(seconds=30), timedelta(hours=5)]
    for left in out:
        living(client, access_expires_at=clock.now() + left)

    counts = said("refresh_grants")
    assert list(counts) == ["grants", "refreshed", "left", "ended", "needs_reauth", "failed"]
    assert above_naught(counts) == {"grants": 2, "refreshed": 2}
    assert len(maker.calls) == 2
    assert said("refresh_grants")["grants"] == 0
    assert said("refresh_grants", "--force")["refreshed"] == 3


def test_forced_refresh_leaves_what_cannot_be_refreshed(maker: StandIn) -> None:
    grant = living(refresh_token="")
    assert said("refresh_grants", "--force")["left"] == 1
    grant.refresh_from_db()
    assert (grant.state, maker.calls) == (GrantState.ACTIVE, [])


def test_refresh_says_what_failed_and_what_needs_the_person(maker: StandIn) -> None:
    client = cast.oauth_client()
    living(client, access_expires_at=clock.now(), refresh_token="")
    assert said("refresh_grants")["needs_reauth"] == 1
    living(client, access_expires_at=clock.now())
    maker.set(TOKEN, {}, status=500)
    assert said("refresh_grants")["failed"] == 1


def test_revoke_does_what_waits_for_its_time(maker: StandIn) -> None:
    later: dict[str, Any] = {
        "revoke_due_at": clock.now() + DAY,
        "revoke_deadline": clock.now() + DAY,
    }
    pending = living(state=GrantState.REVOKING, next_probe_at=None, **later)
    living()

    maker.set(REVOKE, Answer({}, 500), Answer({}))
    assert said("revoke_pending")["unknown"] == 1
    counts = said("revoke_pending")

    assert list(counts) == ["grants", "confirmed", "refused", "unknown", "given_up", "left"]
    assert above_naught(counts) == {"grants": 1, "confirmed": 1}
    pending.refresh_from_db()
    assert pending.state == GrantState.ENDED
    assert [call.path for call in maker.calls] == ["oauth/revoke"] * 2


def test_revoke_leaves_what_is_being_revoked_already(maker: StandIn) -> None:
    soon = clock.now() + timedelta(seconds=20)
    living(state=GrantState.REVOKING, revoke_due_at=soon, revoking_until=soon)
    assert said("revoke_pending")["left"] == 1
    assert maker.calls == []


def test_sync_orders_for_applications_and_for_people(maker: StandIn, settings: Settings) -> None:
    settings.PROVIDER_HOSTS = maker.hosts
    person, oura = cast.oauth_client("FITBIT"), cast.oauth_client("OURA")
    closed = cast.oauth_client("OURA")
    OAuthClient.objects.filter(pk=closed.pk).update(closed_at=clock.now())
    living(person)
    living(person, subscribed_number=1)
    maker.set("GET api.ouraring.com/v2/webhook/subscription", [])
    maker.set("POST api.ouraring.com/v2/webhook/subscription", {"id": "sub"})

    counts = said("sync_subscriptions")

    assert counts == {"clients": 1, "grants": 1, "subscribed": 1, "failed": 1, "left": 0}
    assert OAuthClient.objects.get(pk=oura.pk).subscription_id == "sub"
    assert said("sync_subscriptions", "--force")["grants"] == 2


# Which of them


@each_command
def test_a_provider_that_nobody_knows_is_an_error(command: str) -> None:
    with pytest.raises(CommandError, match="provider: is not one that this portal knows"):
        call_command(command, "--provider", "PEBBLE")


@each_command
def test_an_environment_that_nobody_knows_is_an_error(command: str) -> None:
    with pytest.raises(CommandError, match="dev_id: names no environment"):
        call_command(command, "--dev-id", "nobody")


@each_command
def test_with_nothing_to_do_all_counts_are_naught(command: str, maker: StandIn) -> None:
    counts = said(command)
    assert counts["grants"] == 0
    assert set(counts.values()) == {0}


def test_only_grants_of_the_provider(maker: StandIn) -> None:
    living(cast.oauth_client("FITBIT"))
    living(cast.oauth_client())
    assert said("probe_grants", "--provider", "sandbox")["grants"] == 1
    assert len(maker.calls) == 1


def test_only_grants_that_the_environment_holds(maker: StandIn, a: Environment) -> None:
    b = cast.company("Birch").environments["testing"]
    client = cast.oauth_client()
    shared, left, others = living(client), living(client), living(client)
    cast.connection(a, on=shared)
    cast.connection(b, on=shared)
    cast.ended(a, on=left)
    cast.connection(b, on=others)

    for command in ("probe_grants", "refresh_grants"):
        more = ["--force"] if command == "refresh_grants" else []
        assert said(command, "--dev-id", a.dev_id, *more)["grants"] == 1

    due = {"state": GrantState.REVOKING, "revoke_due_at": clock.now() + DAY}
    Grant.objects.filter(pk__in=[left.pk, others.pk]).update(**due)
    assert said("revoke_pending", "--dev-id", a.dev_id)["grants"] == 1


def test_only_applications_that_the_environment_uses(a: Environment) -> None:
    own, other = cast.oauth_client("OURA"), cast.oauth_client("OURA")
    OAuthClient.objects.filter(pk=other.pk).update(owner=cast.company().environments["testing"])
    OAuthClient.objects.filter(pk=own.pk).update(owner=a)
    cast.source(a, own)
    earlier = cast.oauth_client("FITBIT")
    OAuthClient.objects.filter(pk=earlier.pk).update(closed_at=clock.now())
    cast.connection(a, on=living(earlier))
    assert set(Scope(environment=a).clients()) == {own, earlier}


# How


def test_a_round_reads_page_by_page(maker: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "PAGE", 4)
    client = cast.oauth_client()
    for _ in range(10):
        living(client)
    with CaptureQueriesContext(database) as queries:
        assert said("probe_grants")["alive"] == 10
    pages = [query for query in queries if "LIMIT 4" in query["sql"]]
    assert len(pages) == 4  # the last one is empty


def test_the_pace_is_waited_for_and_said_so(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxProvider, "probes_per_minute", 35)
    client = cast.oauth_client()
    for _ in range(7):
        living(client)
    began = clock.now()
    out, screen = StringIO(), Screen()

    call_command("probe_grants", "--json", stdout=out, stderr=screen)

    # Six at once, as ten seconds are caught up with; the seventh two seconds after them.
    assert json.loads(out.getvalue())["alive"] == 7
    assert clock.now() - began >= timedelta(seconds=1.5)
    assert f"waiting for SANDBOX {client.client_id} until" in screen.getvalue()
    assert screen.getvalue().endswith("\r\033[K")
    assert "\n" not in screen.getvalue()


def test_one_that_waits_keeps_no_other_waiting(
    maker: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient, other = cast.oauth_client(), cast.oauth_client()
    until = clock.now() + timedelta(seconds=2)
    OAuthClient.objects.filter(pk=patient.pk).update(busy_until=until)
    living(patient, access_token="patient")
    for _ in range(3):
        living(other, access_token="other")

    assert said("probe_grants")["alive"] == 4

    assert [call.bearer for call in maker.calls] == ["other"] * 3 + ["patient"]
    assert clock.now() >= until


def test_without_json_people_read_lines(maker: StandIn) -> None:
    living()
    out = StringIO()
    call_command("probe_grants", stdout=out)
    assert out.getvalue().splitlines()[:2] == ["grants: 1", "alive: 1"]


def test_interrupted_it_says_what_was_done(maker: StandIn) -> None:
    """Ctrl-C while calls are under way: they are counted and no other is begun."""
    client = cast.oauth_client()
    for _ in range(40):
        living(client)
    process = run("probe_grants", "--json", SANDBOX_URL=maker.url)

    def interrupt(call: Call) -> None:
        if len(maker.calls) == 3:
            process.send_signal(signal.SIGINT)

    maker.meanwhile = interrupt
    out, err = process.communicate(timeout=60)

    counts = json.loads(out)
    assert counts["grants"] == counts["alive"] == len(maker.calls) < 40
    assert "Stopped before the end." in err
    assert process.returncode == 1
    left = Grant.objects.filter(next_probe_at__lt=clock.now() + timedelta(minutes=2))
    assert not left.exists()


@pytest.mark.parametrize("option", ["--provider", "--dev-id"])
def test_bad_input_exits_with_1_and_leaves_stdout_alone(option: str) -> None:
    process = run("probe_grants", "--json", option, "nobody")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "CommandError: " in err


def run(*words: str, **env: str) -> subprocess.Popen[str]:
    """As an operator's script runs it."""
    own = {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=os.environ | own | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
