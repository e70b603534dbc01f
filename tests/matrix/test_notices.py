"""Notices that must not be believed: forged, sent again, too late, or our own echo."""

from datetime import timedelta

from connections import disconnect
from connections.models import Connection, Notice
from connections.providers.answers import NoticeKind
from connections.states import Door, End, GrantState
from terra_portal import clock
from tests.matrix.cases import Case, case
from tests.matrix.wearable import Wearable
from tests.world import work

NONE_SENT = "—: sends none"
NOTHING = "changes nothing"
# For providers whose notices tell of data alone.
ABOUT_DATA = {"body": '{"data": "new"}'}


@case(Case.FORGED_NOTICE)
def test_forged_notice(wearable: Wearable) -> None:
    """The very notice that a revocation would bring, while nobody has revoked anything.

    Where its proof counts, the wrong one is refused, and the right one shows what it would have
    done. Where none is given the provider is asked, and the account lives.
    """
    wearable.connect_both()
    told = wearable.drafts()
    assert bool(told) is (wearable.maker.tells is not None)
    drafts = told or [ABOUT_DATA]

    refused = [wearable.send(draft, proof="wrong") for draft in drafts]
    if wearable.maker.tells is not NoticeKind.DOUBT:
        assert all(400 <= status < 500 for status in refused), refused
        assert not Notice.objects.exists()
    work()
    assert_unmoved(wearable)

    taken = [wearable.send(draft) for draft in drafts]
    assert all(200 <= status < 300 for status in taken), taken
    work()
    words = "refused with " + " and ".join(map(str, sorted(set(refused))))
    if wearable.maker.tells is NoticeKind.REVOKED:
        wearable.assert_both_ended(End.REVOKED, Door.NOTICE)
        wearable.seen = words
        return
    assert_unmoved(wearable)
    asks = "the provider is asked, and the account lives"
    if wearable.maker.tells is None:
        wearable.seen = f"{words}; sends none about access"
    elif min(refused) >= 400:
        wearable.seen = f"{words}; where the proof fits, {asks}"
    else:
        wearable.seen = asks


def assert_unmoved(wearable: Wearable) -> None:
    """If it made us ask, the answer was that the account lives."""
    if wearable.grant().doubted:
        wearable.look()
    wearable.assert_both_live()
    grant = wearable.grant()
    assert (grant.state, grant.doubted, grant.doubtful_since) == (GrantState.ACTIVE, False, None)
    assert wearable.is_alive()


@case(Case.REPLAYED_NOTICE)
def test_replayed_notice(wearable: Wearable) -> None:
    """The same notice once more, before and after it was acted on."""
    wearable.connect_both()
    wearable.press_revoke()
    assert bool(wearable.repeat_notices()) is (wearable.maker.tells is not None)
    work()
    if wearable.maker.tells is not NoticeKind.REVOKED:
        while wearable.grant().state != GrantState.ENDED:
            wearable.look()
    wearable.repeat_notices()

    work()

    door = Door(Connection.objects.earliest("pk").environment.revocations.get().door)
    wearable.assert_both_ended(End.REVOKED, door)
    wearable.seen = NOTHING if wearable.maker.tells else NONE_SENT


@case(Case.LATE_NOTICE)
def test_late_notice_after_a_new_consent(wearable: Wearable) -> None:
    """News of A's consent arrives when the person has come back through B: both stay."""
    wearable.dial(notices="never")
    wearable.connect_one()
    late = wearable.drafts()
    assert bool(late) is (wearable.maker.tells is not None)
    wearable.press_revoke()
    wearable.connect(wearable.b)
    work()

    for draft in late:
        assert 200 <= wearable.send(draft) < 300
    work()

    assert_unmoved(wearable)
    with clock.shifted(timedelta(minutes=10)):
        work()
    assert_unmoved(wearable)
    wearable.seen = NOTHING if late else NONE_SENT


@case(Case.ECHO)
def test_echo_of_our_own_revoke(wearable: Wearable) -> None:
    """Both companies let go; what the provider says of our own revoke is no news."""
    wearable.dial(revoke_sends_notice=True)
    wearable.connect_both()
    for environment in (wearable.a, wearable.b):
        user = Connection.objects.for_environment(environment).get()
        disconnect.end(user.pk, environment=environment, door=Door.API)
    work()
    assert wearable.at_provider() == []
    echoes = wearable.notices()
    assert bool(echoes) is (wearable.maker.tells is not None)

    work()

    wearable.assert_both_ended(End.DISCONNECTED, Door.API)
    wearable.connect(wearable.a, "again")
    wearable.repeat_notices()
    work()
    assert wearable.events(wearable.a) == ["auth", "deauth", "auth"]
    assert wearable.is_alive()
    wearable.seen = NOTHING if echoes else NONE_SENT
