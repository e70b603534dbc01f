"""The incident brake: what many probes and refreshes find at once is held, and decided by staff."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from connections import brake, incidents, liveness, notices, revocation, sweeps, tokens
from connections.models import (
    Connection,
    Grant,
    HeldEnd,
    Incident,
    Notice,
    OAuthClient,
    Revocation,
    RevocationDetail,
)
from connections.revocation import Cause
from connections.states import (
    Attention,
    Door,
    End,
    GrantState,
    HeldOutcome,
    IncidentState,
    NoticeState,
)
from developers.models import Environment, Event, User
from terra_portal import clock
from tests import cast
from tests.herd import herd, run_out, seen_dead
from tests.threads import run_together
from tests.world import World, work

COUNT = 20
MANY = 40
THREADS = 8
DEAD = Cause(End.REVOKED, Door.LIVENESS, "Two probes.")
NEXT_WINDOW = brake.INFERRED_WITHIN + timedelta(seconds=1)
NEXT_MINUTE = brake.NOTICES_WITHIN + timedelta(seconds=1)


def ends(grant: Grant, cause: Cause = DEAD) -> int:
    return revocation.fan_out(grant.pk, cause, authorisation_number=grant.authorisation_number)


def dead(*grants: Grant) -> None:
    for grant in grants:
        ends(grant)


def outcomes(**of: object) -> Counter[str]:
    return Counter(HeldEnd.objects.filter(**of).values_list("outcome", flat=True))


def states(client: OAuthClient) -> Counter[str]:
    return Counter(Grant.objects.filter(oauth_client=client).values_list("state", flat=True))


def told(environment: Environment) -> Counter[str]:
    return Counter(Event.objects.filter(environment=environment).values_list("type", flat=True))


def bodies(kind: str) -> list[dict[str, object]]:
    return [
        json.loads(text) for text in Event.objects.filter(type=kind).values_list("body", flat=True)
    ]


def logged(environment: Environment) -> Counter[tuple[str, str]]:
    return Counter(environment.revocations.values_list("kind", "door"))


def incident() -> Incident:
    return Incident.objects.get()


@pytest.fixture
def staff(transactional_db: None) -> User:
    return cast.person(is_staff=True, is_superuser=True)


@pytest.fixture
def held(world: World) -> list[Grant]:
    """The grants of two companies' users, of which five were ended and the rest are held."""
    grants = herd(world.client, world.a, world.b, count=COUNT)
    dead(*grants)
    assert outcomes() == {HeldOutcome.HELD: COUNT - brake.AT_ONCE}
    return grants[brake.AT_ONCE :]


# Holding


def test_what_many_find_at_once_is_held_beyond_the_bound(world: World) -> None:
    """Half of them are probed, half refreshed, by the provider's own answers."""
    grants = herd(world.client, world.a, world.b, count=MANY)
    probed, refreshed = grants[::2], grants[1::2]
    seen_dead(*probed)
    run_out(*refreshed)

    def find(mine: list[Grant]) -> Callable[[], None]:
        def act() -> None:
            for grant in mine:
                if grant in probed:
                    liveness.probe(grant.pk)
                else:
                    with pytest.raises(tokens.TokensUnavailableError):
                        tokens.fresh(grant.pk)

        return act

    assert run_together(*[find(grants[place::THREADS]) for place in range(THREADS)]) == (
        [None] * THREADS
    )

    assert states(world.client)[GrantState.ENDED] == brake.AT_ONCE
    assert outcomes(incident=incident()) == {HeldOutcome.HELD: MANY - brake.AT_ONCE}
    assert set(HeldEnd.objects.values_list("door", flat=True)) == {Door.LIVENESS, Door.REFRESH}
    for environment in (world.a, world.b):
        assert told(environment) == {
            "access_revoked": brake.AT_ONCE,
            "connection_error": MANY - brake.AT_ONCE,
        }
        assert environment.revocations.count() == brake.AT_ONCE
    assert_held_ones_live_on()


def assert_held_ones_live_on() -> None:
    for held in HeldEnd.objects.waiting().select_related("grant"):
        grant = held.grant
        assert grant.state in {GrantState.ACTIVE, GrantState.DOUBTFUL}
        assert (bool(grant.access_token), bool(grant.refresh_token)) == (True, True)
        # The refusal was an answer, so it leaves no doubt about the next one.
        assert (grant.lease, grant.refresh_sent_fingerprint) == (None, "")
        assert grant.next_probe_at is not None
        assert timedelta(minutes=50) < grant.next_probe_at - clock.now() <= brake.LOOK_AGAIN
        users = Connection.objects.active().on(grant)
        assert [user.attention for user in users] == [Attention.PROVIDER_FAILING] * 2


def test_few_ends_are_never_held(world: World) -> None:
    dead(*herd(world.client, world.a, count=brake.AT_ONCE))

    assert not Incident.objects.exists()
    assert states(world.client) == {GrantState.ENDED: brake.AT_ONCE}


def test_ends_far_enough_apart_are_never_held(world: World) -> None:
    grants = herd(world.client, world.a, count=11)
    dead(*grants[:5])
    with clock.shifted(NEXT_WINDOW):
        dead(*grants[5:10])
        assert not Incident.objects.exists()
        dead(grants[10])
        assert outcomes() == {HeldOutcome.HELD: 1}


def test_a_twentieth_of_many_may_end_at_once(world: World) -> None:
    rows = herd(world.client, count=200)

    dead(*rows[:10])
    assert not Incident.objects.exists()
    dead(rows[10])
    assert outcomes() == {HeldOutcome.HELD: 1}


def test_grants_that_have_ended_before_do_not_widen_the_bound(world: World) -> None:
    rows = herd(world.client, count=200)
    Grant.objects.filter(pk__in=[row.pk for row in rows[20:]]).update(state=GrantState.ENDED)

    dead(*rows[:6])
    assert states(world.client)[GrantState.ACTIVE] == 15


def test_holding_twice_changes_nothing(world: World, held: list[Grant]) -> None:
    before = HeldEnd.objects.values().order_by("pk")
    assert [ends(grant) for grant in held] == [0] * len(held)
    with clock.shifted(timedelta(hours=2)):
        dead(*held)

    assert list(HeldEnd.objects.values().order_by("pk")) == list(before)
    assert told(world.a)["connection_error"] == len(held)


def test_a_held_one_is_looked_at_about_once_an_hour(world: World, held: list[Grant]) -> None:
    seen_dead(*held)
    run_out(*held[::2])
    with clock.shifted(brake.LOOK_AGAIN + timedelta(minutes=5)):
        sweeps.grants_due()
        waits = [grant.next_probe_at for grant in Grant.objects.filter(pk__in=[g.pk for g in held])]
        assert all(at and at - clock.now() > timedelta(minutes=50) for at in waits)
    assert outcomes() == {HeldOutcome.HELD: len(held)}
    # A refused refresh is tried twice; the probes of the others bear tokens of nobody.
    assert len(world.calls("token")) == 2 * len(held[::2])


def test_two_clients_do_not_affect_one_another(world: World, held: list[Grant]) -> None:
    other = cast.oauth_client()
    dead(*herd(other, world.a, count=brake.AT_ONCE))

    assert incident().oauth_client == world.client
    assert states(other) == {GrantState.ENDED: brake.AT_ONCE}


def test_ends_of_two_clients_at_once(world: World) -> None:
    other = cast.oauth_client()
    grants = herd(world.client, count=COUNT) + herd(other, count=COUNT)

    run_together(*[lambda mine=grants[n::8]: dead(*mine) for n in range(8)])

    for client in (world.client, other):
        assert states(client)[GrantState.ENDED] == brake.AT_ONCE
        assert outcomes(incident__oauth_client=client) == {HeldOutcome.HELD: COUNT - brake.AT_ONCE}


# What makes a held end void


def test_seen_alive_it_recovers(world: World, staff: User) -> None:
    living = world.connect(world.a).grant
    many = herd(world.client, count=COUNT)
    dead(*many, living)
    assert Connection.objects.get(grant=living).attention == Attention.PROVIDER_FAILING

    liveness.probe(living.pk)

    assert outcomes(grant=living) == {HeldOutcome.RECOVERED: 1}
    assert Connection.objects.get(grant=living).attention == ""
    incidents.release(incident().pk, by=staff)
    work()
    assert Connection.objects.active().get(grant=living)
    assert outcomes() == {HeldOutcome.RECOVERED: 1, HeldOutcome.ENDED: 15}


def test_a_refresh_that_succeeds_lets_it_recover_and_it_may_be_held_anew(world: World) -> None:
    living = world.connect(world.a).grant
    dead(*herd(world.client, count=COUNT), living)

    tokens.fresh(living.pk, force=True)
    assert outcomes(grant=living) == {HeldOutcome.RECOVERED: 1}

    dead(living)
    assert outcomes(grant=living) == {HeldOutcome.HELD: 1}


def test_a_new_consent_makes_it_outdated(world: World, staff: User) -> None:
    grant = world.connect(world.a).grant
    dead(*herd(world.client, count=COUNT), grant)
    assert outcomes(grant=grant) == {HeldOutcome.HELD: 1}

    world.connect(world.b)
    assert outcomes(grant=grant) == {HeldOutcome.OUTDATED: 1}
    incidents.release(incident().pk, by=staff)
    work()

    assert Connection.objects.active().filter(grant=grant).count() == 2
    assert world.is_alive(tokens.fresh(grant.pk))


def test_a_notice_ends_a_held_one_at_once(world: World, held: list[Grant], staff: User) -> None:
    one = held[0]
    assert ends(one, Cause(End.REVOKED, Door.NOTICE, "A notice.")) == 2

    assert outcomes(grant=one) == {HeldOutcome.OUTDATED: 1}
    incidents.release(incident().pk, by=staff)
    work()
    assert Revocation.objects.count() == 2 * COUNT
    assert logged(world.a)[End.REVOKED, Door.NOTICE] == 1


def test_when_everybody_has_left_there_is_nothing_to_release(
    world: World, held: list[Grant], staff: User
) -> None:
    Grant.objects.filter(pk=held[0].pk).update(state=GrantState.REVOKING)
    incidents.release(incident().pk, by=staff)
    work()

    assert outcomes(grant=held[0]) == {HeldOutcome.OUTDATED: 1}
    assert Connection.objects.active().filter(grant=held[0]).count() == 2


# What the staff decide


def test_a_release_ends_each_once(world: World, held: list[Grant], staff: User) -> None:
    number = incident().pk
    decided = run_together(*[lambda: incidents.release(number, by=staff)] * 3)
    assert sorted(decided) == [False, False, True]
    run_together(*[lambda: incidents.carry_out(number)] * 3)

    assert outcomes() == {HeldOutcome.ENDED: len(held)}
    for environment in (world.a, world.b):
        assert told(environment)["access_revoked"] == COUNT
        assert logged(environment) == {(End.REVOKED, Door.LIVENESS): COUNT}
    assert states(world.client) == {GrantState.ENDED: COUNT}
    now = incident()
    assert (now.state, now.decided_by, now.settled_at is not None) == (
        IncidentState.RELEASED,
        staff,
        True,
    )


def test_a_release_goes_on_after_a_crash(world: World, held: list[Grant], staff: User) -> None:
    """In the middle of it, between two ends and within one."""
    number = incident().pk
    incidents.release(number, by=staff)
    stuck = HeldEnd.objects.order_by("held_at")[10].grant_id

    def impatient() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        incidents.carry_out(number)

    with transaction.atomic():
        Grant.objects.select_for_update().get(pk=stuck)
        (crash,) = run_together(impatient)
    assert isinstance(crash, OperationalError)
    assert outcomes() == {HeldOutcome.ENDED: 10, HeldOutcome.HELD: 5}
    assert incident().settled_at is None

    work()
    work()

    assert outcomes() == {HeldOutcome.ENDED: len(held)}
    assert told(world.a)["access_revoked"] == told(world.b)["access_revoked"] == COUNT
    assert Revocation.objects.count() == 2 * COUNT
    assert incident().settled_at is not None


def test_released_ends_do_not_trip_the_brake_again(
    world: World, held: list[Grant], staff: User
) -> None:
    fresh = herd(world.client, world.a, count=1)
    with clock.shifted(NEXT_WINDOW):
        incidents.release(incident().pk, by=staff)
        work()
        dead(*fresh)

    assert Incident.objects.count() == 1
    assert Grant.objects.get(pk=fresh[0].pk).state == GrantState.ENDED
    assert Grant.objects.filter(ended_by=Door.STAFF).count() == len(held)


def test_after_the_decision_the_next_ones_count_anew(
    world: World, held: list[Grant], staff: User
) -> None:
    incidents.discard(incident().pk, by=staff)
    work()
    dead(*held)

    assert Incident.objects.filter(state=IncidentState.OPEN).count() == 1
    assert outcomes(incident__state=IncidentState.OPEN) == {HeldOutcome.HELD: len(held)}


def test_discarded_ends_end_nobody(world: World, held: list[Grant], staff: User) -> None:
    seen_dead(*held)
    assert incidents.discard(incident().pk, by=staff)
    assert not incidents.release(incident().pk, by=staff)
    work()

    assert outcomes() == {HeldOutcome.DISCARDED: len(held)}
    assert incident().settled_at is not None
    for grant in Grant.objects.filter(pk__in=[one.pk for one in held]):
        assert (grant.state, grant.doubtful_since) == (GrantState.ACTIVE, None)
        assert grant.next_probe_at is not None
    assert told(world.a)["access_revoked"] == brake.AT_ONCE


def test_nothing_is_added_after_the_decision(world: World, staff: User) -> None:
    """Ends and the decision at once: each end is carried out, or waits in the next incident."""
    grants = herd(world.client, count=MANY)
    dead(*grants[:20])
    first = incident().pk

    run_together(
        lambda: incidents.release(first, by=staff), *[lambda g=g: ends(g) for g in grants[20:27]]
    )
    incidents.sweep()

    assert outcomes(incident=first).keys() == {HeldOutcome.ENDED}
    waiting = HeldEnd.objects.waiting().count()
    assert states(world.client) == {GrantState.ENDED: 27 - waiting, GrantState.ACTIVE: 13 + waiting}


# Companies


def test_companies_see_nothing_of_it(world: World, held: list[Grant], staff: User) -> None:
    """Held: as any provider that fails. Released: as found, and nothing of who let it pass."""
    assert {body["message"] for body in bodies("connection_error")} == {
        Attention.PROVIDER_FAILING.label
    }
    at = HeldEnd.objects.get(grant=held[0]).held_at
    with clock.shifted(timedelta(hours=1)):
        incidents.release(incident().pk, by=staff)
        work()

    details = RevocationDetail.objects.filter(environment=world.a)
    assert {(row.actor, row.evidence) for row in details} == {("", "Two probes.")}
    (user,) = Connection.objects.filter(environment=world.a, grant=held[0])
    row = Revocation.objects.get(user_id=user.pk)
    assert (row.door, row.occurred_at) == (Door.LIVENESS, at)
    assert row.recorded_at - at > timedelta(minutes=59)
    # Those that passed and those that were released look alike.
    assert len({frozenset(body) for body in bodies("access_revoked")}) == 1


# Notices


def notice(grant: Grant) -> Notice:
    return Notice.objects.create(
        oauth_client=grant.oauth_client,
        kind="revoked",
        provider_user_id=grant.provider_user_id,
        authorisation_number=grant.authorisation_number,
        occurred_at=clock.now(),
    )


def ended(grants: list[Grant]) -> list[bool]:
    found = {g.pk: g.state for g in Grant.objects.filter(pk__in=[g.pk for g in grants])}
    return [found[grant.pk] == GrantState.ENDED for grant in grants]


def test_notices_pass_up_to_the_bound_in_a_minute_in_their_order(world: World) -> None:
    grants = herd(world.client, world.a, world.b, count=17)
    for grant in grants:
        notice(grant)
        notice(grant)

    for minute in range(4):
        with clock.shifted(minute * NEXT_MINUTE):
            work()
            work()
        passed = min(5 * (minute + 1), 17)
        assert ended(grants) == [True] * passed + [False] * (17 - passed)

    assert told(world.a) == told(world.b) == {"access_revoked": 17}
    assert set(Notice.objects.values_list("state", flat=True)) == {
        NoticeState.DONE,
        NoticeState.IGNORED,
    }
    assert not Incident.objects.exists()


def test_whoever_comes_later_joins_the_end_of_the_queue(world: World) -> None:
    grants = herd(world.client, count=8)
    for grant in grants[:7]:
        notice(grant)
    work()

    with clock.shifted(NEXT_MINUTE):
        late = notice(grants[7])
        assert notices.decide(late.pk) == NoticeState.RECEIVED
        work()
        assert ended(grants) == [True] * 7 + [False]
    with clock.shifted(2 * NEXT_MINUTE):
        work()
        assert ended(grants) == [True] * 8


def test_notices_decided_by_many_at_once_keep_to_the_bound(world: World) -> None:
    grants = herd(world.client, world.a, count=COUNT)
    ids = [notice(grant).pk for grant in grants]

    decided = run_together(
        *[lambda mine=ids[n::8]: [notices.decide(pk) for pk in mine] for n in range(8)]
    )

    flat = Counter(state for states in decided for state in states)
    assert flat == {NoticeState.DONE: brake.AT_ONCE, NoticeState.RECEIVED: COUNT - brake.AT_ONCE}
    for minute in range(1, 8):
        with clock.shifted(minute * NEXT_MINUTE):
            work()
    assert all(ended(grants))
    assert told(world.a) == {"access_revoked": COUNT}


def test_notices_and_inferred_ends_are_counted_apart(world: World) -> None:
    grants = herd(world.client, count=10)
    dead(*grants[:5])
    for grant in grants[5:]:
        notices.decide(notice(grant).pk)

    assert all(ended(grants))


def test_what_is_no_proof_does_not_wait(world: World) -> None:
    grants = herd(world.client, count=8)
    for grant in grants[:7]:
        notices.decide(notice(grant).pk)
    unproven = notice(grants[7])
    Notice.objects.filter(pk=unproven.pk).update(authorisation_number=None, occurred_at=None)

    assert notices.decide(unproven.pk) == NoticeState.DONE
    assert Grant.objects.get(pk=grants[7].pk).doubted
