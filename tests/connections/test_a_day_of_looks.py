"""A day of the sweep against a real wearable company: everybody is looked at, at their own time."""

from collections import Counter
from datetime import timedelta

from connections import liveness, sweeps, tokens
from connections.models import Connection, Grant
from connections.states import GrantState
from terra_portal import clock
from tests.world import World, last_call, work

PEOPLE = 8
DAY = timedelta(days=1)


def accounts_called(world: World, since: int) -> set[str]:
    log = world.sandbox.control("GET", f"log?since={since}")
    return {call["account"] for call in log if call["client_id"] == world.client.client_id}


def connect_people(world: World) -> set[str]:
    people = set()
    for number in range(PEOPLE):
        world.account = f"{world.account} {number}"
        world.connect(world.a, world.account)
        people.add(world.account)
    return people


def test_everybody_is_looked_at_within_a_day_and_not_all_at_once(world: World) -> None:
    people = connect_people(world)
    last_seen = dict.fromkeys(people, 0)
    busiest = 0
    for hour in range(1, 49):
        since = last_call(world.sandbox)
        with clock.shifted(timedelta(hours=hour)):
            work()
        seen = accounts_called(world, since)
        busiest = max(busiest, len(seen))
        for account in seen:
            last_seen[account] = hour
        assert all(hour - seen_at <= 24 for seen_at in last_seen.values()), (hour, last_seen)
    assert all(seen_at > 24 for seen_at in last_seen.values())
    assert busiest < PEOPLE
    assert Connection.objects.active().count() == PEOPLE


def test_a_refresh_is_a_sign_of_life_and_saves_the_call(world: World) -> None:
    world.connect(world.a)
    grant = world.grant()
    assert grant.next_probe_at is not None
    assert grant.next_probe_at > clock.now() + DAY / 2

    with clock.shifted(DAY):
        work()
        now = clock.now()

    assert Counter(call["grant_type"] for call in world.calls("token"))["refresh_token"] == 1
    assert world.calls("me") == []
    again = world.grant()
    assert again.next_probe_at is not None
    assert now + DAY / 2 < again.next_probe_at < now + DAY


def test_a_refresh_for_somebody_else_puts_the_look_off_as_well(world: World) -> None:
    world.connect(world.a)
    soon = clock.now() + timedelta(minutes=1)
    Grant.objects.update(next_probe_at=soon)

    tokens.fresh(world.grant().pk, force=True)

    again = world.grant().next_probe_at
    assert again is not None
    assert again > soon + DAY / 2


def test_a_refresh_takes_no_reason_to_ask_away(world: World) -> None:
    world.connect(world.a)
    Grant.objects.update(next_probe_at=clock.now(), doubted=True)

    tokens.fresh(world.grant().pk, force=True)

    assert world.grant().doubted
    assert sweeps.grants_due() == 1
    assert len(world.calls("me")) == 1
    assert not world.grant().doubted


def test_a_consent_elsewhere_is_a_sign_of_life(world: World) -> None:
    world.connect(world.a)
    Grant.objects.update(next_probe_at=clock.now() - DAY, authorised_at=clock.now() - DAY)

    world.connect(world.b)

    again = world.grant().next_probe_at
    assert again is not None
    assert again > clock.now() + DAY / 2


def test_who_comes_back_is_looked_at_again(world: World) -> None:
    """The doubt of before stays in the row: it must not leave the grant without a time."""
    world.connect(world.a)
    Grant.objects.update(state=GrantState.NEEDS_REAUTH, next_probe_at=None, doubted=True)
    Grant.objects.update(authorised_at=clock.now() - DAY)

    world.connect(world.a)

    assert world.grant().state == GrantState.ACTIVE
    assert world.grant().next_probe_at is not None


def test_a_revocation_that_nobody_told_of_is_found_within_a_day(world: World) -> None:
    world.connect(world.a)
    world.connect(world.b)
    tokens.settle(world.grant().pk)
    work()
    world.press_revoke()  # the notice goes to the test's own server, not to the portal

    for hours in (24, 25):
        with clock.shifted(timedelta(hours=hours)):
            work()

    assert world.events(world.a) == world.events(world.b) == ["auth", "access_revoked"]
    assert world.grant().state == GrantState.ENDED


def test_what_cannot_be_refreshed_is_not_forced(world: World) -> None:
    """A provider without refresh tokens: asking for a new one would cost the person a consent."""
    world.connect(world.a)
    grant = world.grant()
    grant.refresh_token = ""
    grant.save(update_fields=["refresh_token"])

    assert tokens.fresh(grant.pk, force=True) == grant.access_token
    assert world.grant().state == GrantState.ACTIVE
    assert liveness.probe(grant.pk).value == "alive"
