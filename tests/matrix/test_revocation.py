"""The person revokes at the provider, whether that tells us or not."""

from connections.providers.answers import NoticeKind
from connections.states import Door, End
from tests.matrix.cases import Case, case
from tests.matrix.wearable import Wearable
from tests.world import work

WORDS = {Door.REFRESH: "the next refresh finds it", Door.LIVENESS: "two probes find it"}


@case(Case.REVOKED_WITH_NOTICE)
def test_revoked_with_notice(wearable: Wearable) -> None:
    """A notice that proves itself ends both at once; another one only makes us look."""
    wearable.connect_both()
    by_itself = next_door(wearable)
    wearable.press_revoke()
    sent = wearable.notices()
    assert bool(sent) is (wearable.maker.tells is not None)

    work()

    if wearable.maker.tells is NoticeKind.REVOKED:
        wearable.assert_both_ended(End.REVOKED, Door.NOTICE)
        wearable.seen = "the notice"
    elif wearable.maker.tells is NoticeKind.DOUBT:
        # One look, and at once; it takes two.
        wearable.assert_both_live()
        wearable.look()
        wearable.assert_both_ended(End.REVOKED, Door.LIVENESS)
        wearable.seen = f"the notice asks, {WORDS[Door.LIVENESS]}"
    else:
        wearable.assert_both_live()
        assert_found(wearable, by_itself)
        wearable.seen = f"—: sends none; {WORDS[by_itself]}"


@case(Case.REVOKED_WITHOUT_NOTICE)
def test_revoked_without_notice(wearable: Wearable) -> None:
    """The look that comes within a day anyway finds it."""
    wearable.dial(notices="never")
    wearable.connect_both()
    door = next_door(wearable)
    wearable.press_revoke()
    assert wearable.notices() == []

    assert_found(wearable, door)

    wearable.seen = WORDS[door]


def next_door(wearable: Wearable) -> Door:
    """Where the next look would find that the authorisation is dead.

    A token that has run out by then has to be refreshed first, and that tells. One that has not is
    refused.
    """
    grant = wearable.grant()
    assert grant.next_probe_at
    assert grant.next_probe_at - grant.authorised_at <= wearable.maker.probe_every
    runs_out = grant.refresh_token and grant.access_expires_at
    return Door.REFRESH if runs_out and runs_out < grant.next_probe_at else Door.LIVENESS


def assert_found(wearable: Wearable, door: Door) -> None:
    """By the first look where a refresh tells; else by two, a while apart."""
    wearable.look()
    if door == Door.LIVENESS:
        wearable.assert_both_live()
        wearable.look()
    wearable.assert_both_ended(End.REVOKED, door)
