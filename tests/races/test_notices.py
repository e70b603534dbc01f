"""One notice, many copies: at once, late, forged. Exactly-once comes from state."""

import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from django.test import Client

from connections import disconnect, liveness, notices, revocation, sweeps, tokens
from connections.models import Connection, Grant, Notice, Revocation
from connections.revocation import Cause
from connections.states import Door, End, GrantState
from terra_portal import clock
from tests.sandbox.company import Received, wait_until
from tests.threads import run_together
from tests.world import World, work

COPIES = 10
LONGER_THAN_SPACING = timedelta(seconds=61)


def post(world: World, notice: Received) -> Callable[[], int]:
    """One copy, byte for byte as the provider sent it."""
    path = httpx.URL(world.notice_url).path

    def send() -> int:
        answer = Client().post(
            path,
            notice.body,
            content_type="application/json",
            headers={"Sandbox-Signature": notice.signature},
        )
        return answer.status_code

    return send


def assert_revoked_once(world: World) -> None:
    """One event and one row for each connection, and nothing about the other company in either."""
    assert world.events(world.a) == world.events(world.b) == ["auth", "access_revoked"]
    rows = [(row.environment_id, row.kind) for row in Revocation.objects.all()]
    assert len(rows) == 2
    assert set(rows) == {(world.a.pk, End.REVOKED), (world.b.pk, End.REVOKED)}
    assert not Connection.objects.active().exists()
    grant = world.grant()
    assert (grant.state, grant.access_token, grant.refresh_token) == (GrantState.ENDED, "", "")


@pytest.fixture
def both(world: World) -> World:
    world.connect(world.a)
    world.connect(world.b)
    tokens.settle(world.grant().pk)
    return world


def test_copies_of_one_notice_at_once(both: World) -> None:
    notice = both.press_revoke()

    assert run_together(*[post(both, notice)] * COPIES) == [204] * COPIES
    ids = list(Notice.objects.values_list("pk", flat=True))
    run_together(*[lambda pk=pk: notices.decide(pk) for pk in ids])

    assert_revoked_once(both)
    assert {row.door for row in Revocation.objects.all()} == {Door.NOTICE}


def test_one_stored_notice_decided_by_many(both: World) -> None:
    post(both, both.press_revoke())()
    (notice,) = Notice.objects.all()

    run_together(*[lambda: notices.decide(notice.pk)] * COPIES)

    assert_revoked_once(both)


def test_notice_and_probe_bring_the_same_news_at_once(both: World) -> None:
    notice = both.press_revoke()
    liveness.probe(both.grant().pk)
    post(both, notice)()
    (stored,) = Notice.objects.all()
    grant_id = both.grant().pk

    with clock.shifted(LONGER_THAN_SPACING):
        run_together(lambda: notices.decide(stored.pk), lambda: liveness.probe(grant_id))

    assert_revoked_once(both)


def test_two_fan_outs_at_once(both: World) -> None:
    grant = both.grant()
    cause = Cause(End.REVOKED, Door.LIVENESS, "Two probes.")
    number = grant.authorisation_number

    ended = run_together(
        *[lambda: revocation.fan_out(grant.pk, cause, authorisation_number=number)] * 4
    )

    assert sorted(ended) == [0, 0, 0, 2]
    assert_revoked_once(both)


def test_a_late_copy_after_a_new_consent_changes_nothing(both: World) -> None:
    notice = both.press_revoke()
    post(both, notice)()
    work()
    assert_revoked_once(both)

    back = both.connect(both.a)
    post(both, notice)()
    for _ in range(3):
        work()

    assert Connection.objects.get(pk=back.pk).is_active
    assert both.is_alive(tokens.fresh(back.grant_id))
    assert both.events(both.a) == ["auth", "access_revoked", "auth"]
    assert Revocation.objects.count() == 2


def test_a_notice_of_the_consent_that_was_replaced_changes_nothing(world: World) -> None:
    """It names the first consent; the second one is what the grant stands on."""
    world.connect(world.a)
    first = Grant.objects.get().consent_id
    world.connect(world.b)
    forge(world, consent_id=first)

    assert Connection.objects.active().count() == 2
    assert world.events(world.a) == ["auth"]


def forge(world: World, *, signature: str = "right", **said: str) -> Received:
    """A notice that the provider never meant, sent and decided on."""
    body = {
        "id": "ntc_made_up",
        "type": "access_revoked",
        "user_id": world.grant().provider_user_id,
        "occurred_at": clock.now().isoformat(),
        **said,
    }
    before = len(world.inbound.received)
    asked = {"client_id": world.client.client_id, "body": json.dumps(body), "signature": signature}
    world.sandbox.control("POST", "notices/forge", asked)
    wait_until(lambda: len(world.inbound.received) > before)
    post(world, world.inbound.received[-1])()
    work()
    return world.inbound.received[-1]


def test_a_forged_notice_is_refused(both: World) -> None:
    notice = forge(both, signature="wrong")

    assert post(both, notice)() == 401
    assert not Notice.objects.exists()
    assert Connection.objects.active().count() == 2


def test_a_changed_body_is_refused(both: World) -> None:
    sent = both.press_revoke()
    changed = Received(sent.signature, sent.body.replace(b"cns_", b"cnz_"), sent.at)
    assert post(both, changed)() == 401


def test_an_old_signature_is_refused(both: World) -> None:
    sent = both.press_revoke()
    with clock.shifted(timedelta(minutes=6)):
        assert post(both, sent)() == 401


def test_an_unknown_hook_says_nothing(both: World) -> None:
    sent = both.press_revoke()
    unknown = Client().post(
        "/hooks/sandbox/nobody/",
        sent.body,
        content_type="application/json",
        headers={"Sandbox-Signature": sent.signature},
    )
    assert unknown.status_code == 404


def test_a_notice_without_name_or_later_time_only_asks_for_a_probe(both: World) -> None:
    """Its time lies within the allowed clock skew: it may be about an earlier authorisation."""
    forge(both)

    assert Connection.objects.active().count() == 2
    assert both.grant().state == GrantState.ACTIVE


def test_a_notice_that_is_clearly_later_is_evidence_without_a_name(both: World) -> None:
    forge(both, occurred_at=(clock.now() + timedelta(seconds=120)).isoformat())

    assert_revoked_once(both)


def test_two_dead_probes_apart_end_it(both: World) -> None:
    both.press_revoke()
    grant_id = both.grant().pk

    liveness.probe(grant_id)
    liveness.probe(grant_id)
    assert both.grant().state == GrantState.DOUBTFUL
    assert both.events(both.a) == ["auth"]

    with clock.shifted(LONGER_THAN_SPACING):
        run_together(*[lambda: liveness.probe(grant_id)] * 3)
    assert_revoked_once(both)


@pytest.mark.parametrize("answer", ["403", "410", "429", "500", "html", "garbage", "drop"])
def test_what_says_nothing_never_casts_doubt(both: World, answer: str) -> None:
    both.dial(me_answer=answer)
    grant_id = both.grant().pk

    liveness.probe(grant_id)
    with clock.shifted(LONGER_THAN_SPACING):
        liveness.probe(grant_id)

    assert Connection.objects.active().count() == 2
    assert both.grant().state == GrantState.ACTIVE


def test_the_echo_of_our_own_revoke_changes_nothing(world: World) -> None:
    mine = world.connect(world.a)
    disconnect.end(mine.pk, environment=world.a, door=Door.API)
    sweeps.grants_due()
    wait_until(lambda: bool(world.inbound.received))

    post(world, world.inbound.received[0])()
    work()

    assert world.grant().state == GrantState.ENDED
    assert world.events(world.a) == ["auth", "deauth"]
    assert [row.kind for row in Revocation.objects.all()] == [End.DISCONNECTED]
