"""Finds the rows whose time has come: to be revoked upstream, looked at, or subscribed."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from connections import finish, grants, hands, liveness, pacing, schedule, subscriptions, upstream
from connections.models import ConnectAttempt, Grant, OAuthClient
from connections.providers import REGISTRY
from connections.states import AttemptState
from connections.turns import Batch, Turns
from terra_portal import clock, tenancy

# Longer than the calls of one row take, so that nobody else begins on it meanwhile.
CLAIM = timedelta(seconds=60)
BATCH = 100
# How long one run takes up new rows; the next sweep goes on.
RUN_SECONDS = 10.0
# Applications in one run: those whose last call is the longest ago.
APPLICATIONS = 200
# Grants without a time that get one in one run, and how many of them share it.
WITHOUT_A_TIME = 1000
SHARING = 50
# What is looked at first. Each band is an equality on the index, so that a search begins at its
# first row and reads no other.
DOUBTED_FIRST = (Q(doubted=True), Q(doubted=False))
ALL_ALIKE = (Q(),)


def grants_due() -> int:
    """One round; a row that another worker has taken meanwhile is left to it."""
    with tenancy.system("sweeping grants"):
        give_times()
        return _revokes() + _looks() + _waiting()


def subscriptions_due() -> int:
    """Orders the notices that nobody has ordered yet, or that are to be looked at again."""
    with tenancy.system("sweeping subscriptions"):
        return _applications() + _persons()


def look_soon(grant_id: UUID) -> None:
    """Looks at once where the pace allows; else the sweep comes to it."""
    _soon(grant_id, "next_probe_at", liveness.probe)


def subscribe_soon(grant_id: UUID) -> None:
    _soon(grant_id, "subscribe_due_at", subscriptions.subscribe)


def _soon(grant_id: UUID, column: str, act: Callable[[UUID], object]) -> None:
    with tenancy.system("a grant whose time has come"):
        rows = Grant.objects.filter(pk=grant_id, **{f"{column}__lte": clock.now()})
        client_id = rows.values_list("oauth_client", flat=True).first()
        if client_id and pacing.take(client_id) and claim(grant_id, column):
            act(grant_id)


def claim(grant_id: UUID, column: str) -> bool:
    """Moves a time that has come; false where somebody else did."""
    now = clock.now()
    mine = Grant.objects.filter(pk=grant_id, **{f"{column}__lte": now})
    return bool(mine.update(**{column: now + CLAIM}))


def _work_off(queue: hands.Queue, act: Callable[[UUID], object]) -> int:
    ends_at = time.monotonic() + RUN_SECONDS
    done = hands.work_off(queue, act, stop=lambda: time.monotonic() >= ends_at)
    return sum(1 for _ in done)


# Revoke


def _revokes() -> int:
    due = Grant.objects.filter(revoke_due_at__lte=clock.now()).order_by("revoke_due_at")
    rows = list(due.values_list("oauth_client", "pk")[:BATCH])
    return _work_off(Batch(rows, lambda pk: claim(pk, "revoke_due_at")), upstream.revoke)


def _waiting() -> int:
    waiting = ConnectAttempt.objects.filter(state=AttemptState.WAITING, finished_at=None)
    rows = list(waiting.values_list("oauth_client", "pk")[:BATCH])
    return _work_off(Batch(rows, lambda pk: True), finish.finish)


# Look


def _looks() -> int:
    known = OAuthClient.objects.filter(provider__in=REGISTRY)
    return _work_off(Turns(lines(known, "next_probe_at", DOUBTED_FIRST)), liveness.probe)


def give_times() -> int:
    """Living grants that nobody would ever look at, as they have no time, get one each.

    Those of a portal that did not look daily yet; there are none afterwards.
    """
    found = without_a_time().values_list("pk", "oauth_client__provider")[:WITHOUT_A_TIME]
    alike: dict[str, list[UUID]] = defaultdict(list)
    for grant_id, provider in found:
        alike[provider].append(grant_id)
    for provider, ids in alike.items():
        for start in range(0, len(ids), SHARING):
            time = schedule.any_time(REGISTRY[provider].probe_every, after=clock.now())
            some = without_a_time().filter(pk__in=ids[start : start + SHARING])
            some.update(next_probe_at=time)
    return len(found)


def without_a_time() -> QuerySet[Grant]:
    rows = Grant.objects.filter(next_probe_at=None, state__in=grants.PROBED)
    return rows.filter(oauth_client__provider__in=REGISTRY)


# Subscribe


def _applications() -> int:
    now = clock.now()
    due = OAuthClient.objects.filter(subscribe_due_at__lte=now).order_by("subscribe_due_at")
    free = due.filter(pacing.is_free(now)).values_list("pk", flat=True)
    rows = [(pk, pk) for pk in free[:BATCH]]
    return _work_off(
        Batch(rows, subscriptions.claim_application), subscriptions.subscribe_application
    )


def _persons() -> int:
    names = [name for name, maker in REGISTRY.items() if maker.subscribes_each]
    those = OAuthClient.objects.filter(provider__in=names)
    return _work_off(Turns(lines(those, "subscribe_due_at")), subscriptions.subscribe)


# Whose turn it is


@dataclass(frozen=True)
class DueGrants:
    """The grants of one application whose time in `column` has come, one band after the other."""

    client_id: UUID
    column: str
    bands: tuple[Q, ...]

    def peek(self, number: int) -> list[UUID]:
        found: list[UUID] = []
        for band in self.bands:
            if len(found) < number:
                found += due(self.client_id, self.column, band)[: number - len(found)]
        return found

    def claim(self, ids: list[UUID]) -> list[UUID]:
        return [grant_id for grant_id in ids if claim(grant_id, self.column)]


def due(client_id: UUID, column: str, band: Q) -> "QuerySet[Grant, UUID]":
    rows = Grant.objects.filter(band, oauth_client=client_id, **{f"{column}__lte": clock.now()})
    return rows.order_by(column).values_list("pk", flat=True)


def lines(
    clients: QuerySet[OAuthClient], column: str, bands: tuple[Q, ...] = ALL_ALIKE
) -> list[DueGrants]:
    """One line for each of the clients that may knock and has a grant whose time has come."""
    ready = applications_ready(clients, column, bands, clock.now())
    return [DueGrants(pk, column, bands) for pk in ready]


def applications_ready(
    clients: QuerySet[OAuthClient], column: str, bands: tuple[Q, ...], now: datetime
) -> "QuerySet[OAuthClient, UUID]":
    """Reads one row of each client and band, however many wait.

    A subquery that is sorted and limited is always answered by its index; EXISTS might be answered
    by reading every row that is due.
    """
    first = {f"first_{place}": _first(column, band) for place, band in enumerate(bands)}
    has_come = Q()
    for name in first:
        has_come |= Q(**{f"{name}__lte": now})
    free = clients.filter(pacing.is_free(now)).alias(**first).filter(has_come)
    oldest_first = free.order_by(F("probe_slot_at").asc(nulls_first=True), "pk")
    return oldest_first.values_list("pk", flat=True)[:APPLICATIONS]


def _first(column: str, band: Q) -> Subquery:
    of_client = Grant.objects.filter(band, oauth_client=OuterRef("pk"))
    waiting = of_client.filter(**{f"{column}__isnull": False})
    return Subquery(waiting.order_by(column).values(column)[:1])
