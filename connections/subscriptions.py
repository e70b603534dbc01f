"""Orders the notices of revocations at providers that want to be asked for them.

Some want it for each person and consent, some once for the whole application. What is to be done
stands in rows; a failure is tried again later, and not for ever where the provider refuses.
"""

from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from django.db import models, transaction

from connections import clients, grants, tokens
from connections.models import Grant, OAuthClient
from connections.providers import REGISTRY
from connections.providers.answers import Failure, ProviderError, Subscription
from terra_portal import clock, tenancy
from terra_portal.celery import nudge

# Longer than all calls of one order: some applications need an order for each kind of data.
CLAIM = timedelta(minutes=5)
AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
# An application's standing order is looked at again: some expire.
EVERY = timedelta(days=1)


class Outcome(Enum):
    SUBSCRIBED = "subscribed"
    LEFT = "left"
    FAILED = "failed"


# For each person


def subscribe(grant_id: UUID) -> Outcome:
    """Orders the notices about this person, under the consent as it stands now.

    Recorded by compare-and-set: where another consent has come meanwhile, they are ordered again,
    as this call may have reached the provider after the one for the newer consent.
    """
    with tenancy.system("subscribing to a person's notices"):
        grant = _load(grant_id)
        if not is_wanted(grant):
            return _leave(grant)
        if not _can_be_reached(grant.oauth_client):
            return _leave(grant, until=clock.now() + EVERY)
        try:
            tokens.fresh(grant_id)
            grant = _load(grant_id)
            held = grants.held(grant)
            grants.provider_of(grant).subscribe(held, grant.authorisation_number)
        except tokens.TokensUnavailableError as error:
            return _failed(grant, str(error))
        except ProviderError as error:
            clients.heed(grant.oauth_client, error)
            return _failed(grant, str(error), passing=_is_passing(error))
        return _record(grant)


def _load(grant_id: UUID) -> Grant:
    return Grant.objects.select_related("oauth_client").get(pk=grant_id)


def is_wanted(grant: Grant) -> bool:
    """A closed client orders nothing."""
    client = grant.oauth_client
    asks = REGISTRY[client.provider].subscribes_each and client.closed_at is None
    return asks and grant.state in grants.PROBED


def _can_be_reached(client: OAuthClient) -> bool:
    """A simulated client needs something that stands in."""
    return REGISTRY[client.provider].is_available(simulated=client.simulated)


def _living(grant: Grant) -> models.QuerySet[Grant]:
    return Grant.objects.filter(pk=grant.pk, state__in=grants.PROBED)


def _leave(grant: Grant, *, until: datetime | None = None) -> Outcome:
    same = Grant.objects.filter(pk=grant.pk, authorisation_number=grant.authorisation_number)
    same.update(subscribe_due_at=until)
    return Outcome.LEFT


def _record(grant: Grant) -> Outcome:
    number = grant.authorisation_number
    done = _living(grant).filter(authorisation_number=number)
    if done.update(subscribed_number=number, **_settled()):
        return Outcome.SUBSCRIBED
    newer = _living(grant).exclude(authorisation_number=number)
    if newer.update(subscribed_number=0, subscribe_due_at=clock.now()):
        nudge("connections.subscribe", str(grant.pk))
    return Outcome.LEFT


def _failed(grant: Grant, error: str, *, passing: bool = True) -> Outcome:
    same = _living(grant).filter(authorisation_number=grant.authorisation_number)
    same.update(**_put_off(grant.subscribe_tries + 1, error, passing=passing))
    return Outcome.FAILED


# Once for the application


def claim_application(client_id: UUID) -> bool:
    now = clock.now()
    mine = OAuthClient.objects.filter(pk=client_id, subscribe_due_at__lte=now)
    return bool(mine.update(subscribe_due_at=now + CLAIM))


def subscribe_application(client_id: UUID) -> Outcome:
    """Orders the notices of the application, or finds them ordered; looked at again in a day.

    Where the provider wants a hand for it, or the client is closed, it is left.
    """
    with tenancy.system("subscribing to an application's notices"):
        client = OAuthClient.objects.get(pk=client_id)
        if client.closed_at or not REGISTRY[client.provider].subscribes_once:
            return _store(client, None)
        if not _can_be_reached(client):
            return _store(client, None, again_at=clock.now() + EVERY)
        try:
            order = clients.provider_for(client).subscribe_application()
        except ProviderError as error:
            clients.heed(client, error)
            again = _put_off(client.subscribe_tries + 1, str(error), passing=_is_passing(error))
            # Not over a secret that was changed meanwhile: that is due at once.
            same = OAuthClient.objects.filter(pk=client_id, subscribe_due_at__gt=clock.now())
            same.update(**again)
            return Outcome.FAILED
        return _store(client, order)


def _store(
    seen: OAuthClient, order: Subscription | None, *, again_at: datetime | None = None
) -> Outcome:
    with transaction.atomic():
        client = OAuthClient.objects.select_for_update(no_key=True).get(pk=seen.pk)
        if _secrets(client) != _secrets(seen) or client.closed_at != seen.closed_at:
            return Outcome.LEFT
        if order is not None:
            client.subscription_id = order.id[:255]
            client.notice_secret = order.secret or client.notice_secret
            again_at = clock.now() + EVERY
        settled = _settled() | {"subscribe_due_at": again_at}
        for name, value in settled.items():
            setattr(client, name, value)
        client.save(update_fields=["subscription_id", "notice_secret", *settled])
    return Outcome.SUBSCRIBED if order else Outcome.LEFT


def _secrets(client: OAuthClient) -> tuple[str, str]:
    return client.client_secret, client.notice_secret


# Both


def _is_passing(error: ProviderError) -> bool:
    """Whether another try may well change it: no answer came, or none that can be read."""
    return error.failure == Failure.UNAVAILABLE or not error.outcome_known


def _settled() -> dict[str, object]:
    return {"subscribe_due_at": None, "subscribe_tries": 0, "subscribe_error": ""}


def _put_off(tries: int, error: str, *, passing: bool) -> dict[str, object]:
    """Later each time. What the provider refuses is given up, until something here changes."""
    over = not passing and tries >= len(AGAIN)
    wait = AGAIN[min(tries, len(AGAIN)) - 1]
    return {
        "subscribe_due_at": None if over else clock.now() + wait,
        "subscribe_tries": min(tries, 1000),
        "subscribe_error": error[:200],
    }
