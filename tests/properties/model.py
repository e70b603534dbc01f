"""What must be true after every step, whatever happened in it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from connections.models import Connection, Grant
from connections.states import AttemptState, End, GrantState
from developers.states import EventType
from tests.properties import books
from tests.properties.books import Consent
from tests.properties.picture import Picture, said

TERMINAL = {EventType.ACCESS_REVOKED, EventType.DEAUTH}
LAST_WORD = {
    End.REVOKED: [EventType.ACCESS_REVOKED],
    End.DISCONNECTED: [EventType.DEAUTH],
    End.REPLACED: [],
}
HELD = {GrantState.UNHELD, GrantState.ACTIVE, GrantState.DOUBTFUL, GrantState.NEEDS_REAUTH}
READABLE = {GrantState.ACTIVE, GrantState.DOUBTFUL, GrantState.NEEDS_REAUTH}


@dataclass
class History:
    """What the model knows beside the rows."""

    # Connections that their company asked to end.
    asked: set[UUID] = field(default_factory=set)
    # Consents whose tokens the portal has stored at some time. The others are nobody's: the answer
    # to their exchange got lost.
    stored: set[str] = field(default_factory=set)
    # The provider was made to refuse a good refresh token.
    refused_falsely: bool = False
    # Seen by the way: what no row shows afterwards.
    wrongs: list[str] = field(default_factory=list)


def check(now: Picture, before: Picture, history: History) -> None:
    """Raises AssertionError with the first rule that is broken."""
    history.stored |= now.stored()
    for rule in RULES:
        rule(now)
    only_what_was_asked_for_ends(now, history)
    revocations_are_true(now, before, history)
    nothing_ended_lives_again(now, before)
    assert not history.wrongs, history.wrongs


# The log and the outbox


def ends_are_logged_once(now: Picture) -> None:
    rows = Counter(row.user_id for row in now.revocations)
    ended = {pk for pk, one in now.connections.items() if not one.is_active}
    assert set(rows) == ended, (set(rows), ended)
    assert set(rows.values()) <= {1}
    for row in now.revocations:
        one = now.connections[row.user_id]
        assert (row.environment_id, row.kind) == (one.environment_id, one.end_kind)


def ends_are_told_once(now: Picture) -> None:
    for one in now.connections.values():
        last = [event.type for event in now.events(one, *TERMINAL)]
        assert last == (LAST_WORD[End(one.end_kind)] if one.end_kind else []), (one, last)
        if last:
            assert now.events(one)[-1].type in TERMINAL, "something was told after the end"


def replacements_name_both(now: Picture) -> None:
    pairs = Counter(
        (event.environment_id, said(event)["old_user"]["user_id"])
        for events in now.told.values()
        for event in events
        if event.type == EventType.USER_REAUTH
    )
    replaced = [one for one in now.connections.values() if one.end_kind == End.REPLACED]
    assert pairs == Counter((one.environment_id, str(one.pk)) for one in replaced)


def sequences_are_whole(now: Picture) -> None:
    for one in now.connections.values():
        events = now.events(one)
        assert [event.sequence for event in events] == list(range(1, one.sequence + 1)), one
        assert events[0].type == EventType.AUTH
        assert len(now.events(one, EventType.AUTH)) == 1
        assert {event.environment_id for event in events} == {one.environment_id}
        assert all(a.occurred_at <= b.occurred_at for a, b in pairwise(events)), "time went back"
    strangers = set(now.told) - set(now.connections) - {None}
    assert not strangers, "events of nobody"


def errors_are_told_once_a_day(now: Picture) -> None:
    for one in now.connections.values():
        errors = now.events(one, EventType.CONNECTION_ERROR)
        for a, b in pairwise(errors):
            assert b.occurred_at - a.occurred_at >= timedelta(hours=23, minutes=59), one


def attempts_end_once(now: Picture) -> None:
    cancelled = Counter(said(event)["flow_id"] for event in now.told[None])
    for pk, attempt in now.attempts.items():
        failed = attempt.state == AttemptState.FAILED and not attempt.ask_again
        assert cancelled[str(pk)] == int(failed), attempt.state
        connected = attempt.state == AttemptState.CONNECTED
        assert (attempt.user_id in now.connections) == connected, attempt.state
    assert now.connections.keys() <= {attempt.user_id for attempt in now.attempts.values()}


# Grants and what stands on them


def grants_are_held_or_let_go(now: Picture) -> None:
    for grant in now.grants.values():
        active, pending = now.active(grant), now.pending(grant)
        if grant.state in HELD:
            assert active or pending, f"{grant.state}, and nobody holds it"
        if active:
            assert grant.state in READABLE, grant.state
        if grant.state == GrantState.REVOKING:
            assert grant.revoke_due_at is not None, "nobody will ask the provider"
            assert not pending
        if grant.state == GrantState.ENDED:
            assert (grant.access_token, grant.refresh_token, grant.rivals) == ("", "", "")


def nobody_stands_on_what_was_given_back(now: Picture) -> None:
    for one in now.active():
        last = now.books_of(now.grants[one.grant_id])[-1]
        assert last.end != books.BY_CLIENT, "the provider was asked to revoke what is in use"


def one_user_per_key(now: Picture) -> None:
    keys = Counter(key(one) for one in now.active())
    assert set(keys.values()) <= {1}, keys


def key(one: Connection) -> tuple[object, ...]:
    return one.environment_id, one.provider, one.provider_user_id, one.reference_id


def scopes_are_consented_and_granted(now: Picture) -> None:
    for one in now.active():
        granted = set(now.grants[one.grant_id].scopes)
        assert set(one.scopes) == set(one.consented_scopes) & granted, one
        told = now.events(one, EventType.AUTH, EventType.PERMISSION_CHANGE)[-1]
        said_scopes = said(told)["user"]["scopes"] or ""
        assert said_scopes == ",".join(one.scopes), "the company believes something else"


RULES = (
    ends_are_logged_once,
    ends_are_told_once,
    replacements_name_both,
    sequences_are_whole,
    errors_are_told_once_a_day,
    attempts_end_once,
    grants_are_held_or_let_go,
    nobody_stands_on_what_was_given_back,
    one_user_per_key,
    scopes_are_consented_and_granted,
)


# Why something ended


def only_what_was_asked_for_ends(now: Picture, history: History) -> None:
    for one in now.connections.values():
        if one.end_kind == End.DISCONNECTED:
            assert one.pk in history.asked, "disconnected, and nobody asked"
        if one.end_kind == End.REPLACED:
            heirs = [other for other in now.connections.values() if key(other) == key(one)]
            assert any(other.created_at >= one.created_at and other != one for other in heirs)


def revocations_are_true(now: Picture, before: Picture, history: History) -> None:
    """The person did it, or the provider's own rule did: a consent that the portal never saw."""
    for one in ended_since(now, before):
        if one.end_kind == End.REVOKED:
            consents = stood_on(one, now, before)
            assert any(
                consent.end == books.BY_PERSON or consent.consent_id not in history.stored
                for consent in consents
            ), f"told as revoked, but the provider says {[c.end or 'alive' for c in consents]}"


def stood_on(one: Connection, now: Picture, before: Picture) -> list[Consent]:
    """What its grant stood on when it ended, and what the provider knew to have come since."""
    grant = now.grants[one.grant_id]
    consents = now.books_of(grant)
    assert one.ended_at is not None
    if grant.authorised_at <= one.ended_at:
        ids = [consent.consent_id for consent in consents]
        return consents[ids.index(grant.consent_id) :]
    # It has been authorised anew within the same step.
    known = len(before.books_of(grant))
    return consents[max(known - 1, 0) : -1]


def ended_since(now: Picture, before: Picture) -> Iterator[Connection]:
    for pk, one in now.connections.items():
        if not one.is_active and (pk not in before.connections or before.connections[pk].is_active):
            yield one


def nothing_ended_lives_again(now: Picture, before: Picture) -> None:
    for one in before.connections.values():
        if not one.is_active:
            assert now.of_connection(one) == before.of_connection(one), "an end was changed"


def others_are_unchanged(now: Picture, before: Picture, but: set[UUID]) -> None:
    """Independence: only those named may have changed in anything that a company can see."""
    for pk, one in before.connections.items():
        if pk not in but:
            assert now.of_connection(one) == before.of_connection(one), "somebody else's changed"


# When everything has been allowed to settle


def settled(now: Picture, history: History, *, proved: bool) -> None:
    """`proved` is whether notices that name their consent have all arrived.

    Without them an end cannot be told from a loss, once the answer to a refresh has got lost.
    """
    assert all(attempt.is_finished for attempt in now.attempts.values())
    assert not [notice for notice in now.notices if notice.state == "received"]
    for grant in now.grants.values():
        state = GrantState(grant.state)
        if now.active(grant):
            assert state in {GrantState.ACTIVE, GrantState.NEEDS_REAUTH}, state
            _is_as_the_provider_says(now, grant, history, proved=proved)
        else:
            assert state == GrantState.ENDED, state
            _is_given_back(now, grant, history)


def _is_as_the_provider_says(now: Picture, grant: Grant, history: History, *, proved: bool) -> None:
    last = now.books_of(grant)[-1]
    lost = last.consent_id not in history.stored
    unread = grant.state == GrantState.NEEDS_REAUTH
    if last.end == books.BY_PERSON and not lost:
        unheard = unread and not proved
        assert unheard, "the person revoked, and companies were not told"
    attention = {one.attention for one in now.active(grant)}
    assert attention == {"needs_reauth" if unread else ""}
    if unread:
        assert last.end or lost or history.refused_falsely, "nothing was lost, yet it is not read"
    else:
        assert not last.end, f"active, but the provider ended it: {last.end}"
        assert last.consent_id == grant.consent_id
        for one in now.active(grant):
            assert set(one.scopes) <= last.scopes


def _is_given_back(now: Picture, grant: Grant, history: History) -> None:
    if grant.pk not in now.given_up:
        left = [one for one in now.books_of(grant) if not one.end]
        assert not [one for one in left if one.consent_id in history.stored], "never given back"
