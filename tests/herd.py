"""Many wearable accounts under one client, made as rows: no provider knows their tokens."""

from datetime import timedelta

from connections.models import Grant, OAuthClient
from connections.states import GrantState
from developers.models import Environment
from terra_portal import clock
from tests import cast

LONG_AGO = timedelta(hours=1)


def herd(client: OAuthClient, *environments: Environment, count: int = 40) -> list[Grant]:
    """Living grants, each held by a user of every one of these environments."""
    grants = [cast.grant(client) for _ in range(count)]
    for grant in grants:
        for environment in environments:
            cast.connection(environment, on=grant)
    return grants


def seen_dead(*grants: Grant) -> None:
    """The first dead probe was long ago: the next one ends them, or would."""
    mine = Grant.objects.filter(pk__in=[grant.pk for grant in grants])
    mine.update(state=GrantState.DOUBTFUL, doubtful_since=clock.now() - LONG_AGO)


def run_out(*grants: Grant) -> None:
    """Their access tokens have run out: whoever needs one has to refresh."""
    mine = Grant.objects.filter(pk__in=[grant.pk for grant in grants])
    mine.update(access_expires_at=clock.now() - LONG_AGO)
