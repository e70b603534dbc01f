"""A provider on a bad day: nobody is ended, companies hear of it once, and it mends by itself."""

import pytest
from django.core import mail
from django.db import transaction
from pytest_django.fixtures import Settings

from connections import grants
from connections.states import Attention, CancelReason, Door, End, GrantState
from tests import cast
from tests.matrix.cases import Case, case
from tests.matrix.wearable import HOUR, Wearable
from tests.sandbox.company import wait_until

TOLD = "connection_error"
# So many looks in a row that tell nothing are told to companies.
LOOKS = 6


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("403", marks=case(Case.FORBIDDEN)),
        pytest.param("410", marks=case(Case.GONE)),
        pytest.param("429", marks=case(Case.TOO_MANY)),
        pytest.param("500", marks=case(Case.BROKEN)),
        pytest.param("html", marks=case(Case.HTML)),
        pytest.param("garbage", marks=case(Case.MALFORMED)),
    ],
)
def test_a_bad_day(wearable: Wearable, answer: str) -> None:
    """Every call is answered like that: at first refreshes meet it, later looks."""
    connect_for_an_hour(wearable)
    wearable.dial(token_answer=answer, me_answer=answer)
    until_told(wearable)
    if answer == "410" and wearable.maker.is_retired_by_410:
        assert_retired(wearable)
        return
    wearable.look()
    wearable.assert_both_live(TOLD, attention=Attention.PROVIDER_FAILING)

    wearable.dial(token_answer="normal", me_answer="normal")
    assert_mended(wearable)

    doubt(wearable)
    wearable.dial(me_answer=answer)
    # Two refused calls, a while apart, would be an end.
    for _ in range(2):
        wearable.look()
        wearable.assert_both_live(TOLD)
    wearable.dial(me_answer="normal")
    assert_mended(wearable)
    wearable.seen = "needs attention, recovers"


@case(Case.TIMEOUT)
def test_timeout(wearable: Wearable, settings: Settings) -> None:
    """The answer comes too late. What a refresh has replaced meanwhile is lost with it.

    That is no revocation either: the person is asked for a new consent.
    """
    connect_for_an_hour(wearable)
    slow = {"answer": "slow:5", "times": 1}
    kind = "token" if wearable.maker.refreshes else "me"
    before = len(wearable.calls(kind))
    deadline, settings.PROVIDER_DEADLINE_SECONDS = settings.PROVIDER_DEADLINE_SECONDS, 1.0
    wearable.dial(**{f"{kind}_answer": slow})
    until_told(wearable, looks=1)
    wait_until(lambda: len(wearable.calls(kind)) > before)
    settings.PROVIDER_DEADLINE_SECONDS = deadline

    if not wearable.maker.refreshes:
        wearable.assert_both_live()
        assert_mended(wearable)
        wearable.seen = "looks again, and all is well"
        return
    wearable.assert_both_live(TOLD, attention=Attention.PROVIDER_FAILING)
    dials = wearable.dials()
    if dials["refresh_rotates"] and not dials["refresh_grace_seconds"]:
        wearable.look()
        assert wearable.grant().state == GrantState.NEEDS_REAUTH
        wearable.assert_both_live(TOLD, attention=Attention.NEEDS_REAUTH)
        wearable.connect(wearable.a, "again")
        assert wearable.events(wearable.b) == ["auth", TOLD]
        wearable.seen = "the new pair is lost: needs a new consent"
    else:
        assert_mended(wearable)
        wearable.seen = "needs attention, recovers"
    assert wearable.attention() == {Attention.NONE}
    assert wearable.is_alive()


@case(Case.INVALID_CLIENT)
def test_invalid_client(wearable: Wearable) -> None:
    """The application's credentials are rejected: an alarm to the staff, and no one is ended."""
    cast.person("staff@example.org", is_staff=True)
    connect_for_an_hour(wearable)
    wearable.dial(token_answer="invalid_client")
    if wearable.maker.refreshes:
        until_told(wearable)
        wearable.assert_both_live(TOLD, attention=Attention.CLIENT_REJECTED)
        wearable.look()
        wearable.assert_both_live(TOLD, attention=Attention.CLIENT_REJECTED)
        words = "needs attention, recovers"
    else:
        begun = wearable.begin(wearable.a, "another")
        landing = wearable.complete(begun, wearable.decide(begun))
        assert landing.attempt
        assert landing.attempt.reason == CancelReason.PROVIDER_ERROR
        wearable.look()
        words = "—: no refresh token; a consent fails"
    assert [sent.to for sent in mail.outbox] == [["staff@example.org"]]
    assert wearable.client.client_id in mail.outbox[0].body

    wearable.dial(token_answer="normal")
    if wearable.maker.refreshes:
        assert_mended(wearable)
    else:
        wearable.connect(wearable.a, "another")
    assert wearable.client.rejected_at is None
    assert wearable.attention() == {Attention.NONE}
    assert len(mail.outbox) == 1
    wearable.seen = f"{words}; alarm to the staff"


def connect_for_an_hour(wearable: Wearable) -> None:
    """Tokens that can be refreshed run out before the next look; others stay as they are."""
    if wearable.maker.refreshes:
        wearable.dial(access_token_seconds=HOUR)
    wearable.connect_both()


def until_told(wearable: Wearable, *, looks: int = LOOKS) -> None:
    """The first refresh that fails is told; where there is none, looks that tell nothing."""
    runs_out = wearable.grant().access_expires_at if wearable.maker.refreshes else None
    for _ in range(1 if wearable.maker.refreshes else looks):
        if wearable.attention() == {Attention.NONE}:
            wearable.look(not_before=runs_out)


def assert_mended(wearable: Wearable) -> None:
    """By the next look, without a word to anybody."""
    told = wearable.events(wearable.a)
    wearable.look()
    for environment in (wearable.a, wearable.b):
        assert wearable.events(environment) == told
        assert wearable.log(environment) == []
    assert wearable.attention() == {Attention.NONE}
    grant = wearable.grant()
    assert (grant.state, grant.doubtful_since, grant.gone_since) == (GrantState.ACTIVE, None, None)
    assert wearable.is_alive()


def assert_retired(wearable: Wearable) -> None:
    """The provider has announced its end: said twice, a while apart, it is `deauth`."""
    wearable.assert_both_live(TOLD, attention=Attention.PROVIDER_FAILING)
    wearable.look()
    wearable.assert_both_ended(End.PROVIDER_RETIRED, Door.LIVENESS, TOLD)
    begun = wearable.begin(wearable.a, "another")
    landing = wearable.complete(begun, wearable.decide(begun))
    assert landing.attempt
    assert landing.attempt.reason == CancelReason.PROVIDER_RETIRED
    wearable.seen = "retired: `deauth`"


def doubt(wearable: Wearable) -> None:
    """Somebody has a reason to ask."""
    with transaction.atomic():
        grant = grants.lock(wearable.grant().pk)[wearable.grant().pk]
        grants.doubt(grant)
