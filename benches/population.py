"""A million users and their environments.

Ids follow from a user's environment and number, so that a bench knows all without reading any.
"""

import hashlib
import secrets
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from benches import bulk, tenants
from connections import clients
from connections.models import Connection, Grant, OAuthClient
from connections.states import GrantState
from developers import api_keys
from developers.models import Environment
from terra_portal import clock
from tools.console import Step

SCOPES = ["activity", "heartrate", "profile", "sleep"]
EACH = 10
AT_ONCE = 50_000
# What every user and grant has of its own; all else is alike.
PLACE = "home.id || '/' || number"
GRANT_ID = f"md5('grant ' || {PLACE})::uuid"
ACCOUNT = f"'sbx_' || md5({PLACE})"
SOURCE = """
    FROM unnest(%s::uuid[]) WITH ORDINALITY AS home (id, place), generate_series(%s, %s) AS number
    ORDER BY place, number
"""
# As the migration counts those who are there already.
SUMS = """
    INSERT INTO connections_usercount (environment_id, provider, change, folded)
    SELECT environment_id, provider, count(*), true FROM connections_connection GROUP BY 1, 2
"""
Shown = Callable[[str], None]


@dataclass(frozen=True)
class Home:
    """An environment, the key that it calls with, and how many users it has."""

    environment: Environment
    api_key: str
    size: int

    @property
    def credentials(self) -> dict[str, str]:
        return {"dev-id": self.environment.dev_id, "x-api-key": self.api_key}

    def user_id(self, number: int) -> UUID:
        """Of the user who came as the `number`th, from 1 on."""
        place = f"{self.environment.pk}/{number}".encode()
        return UUID(hashlib.md5(place, usedforsecurity=False).hexdigest())


@dataclass(frozen=True)
class Population:
    """One environment with all the users asked for, three with fewer, and many with a few each."""

    large: Home
    long: Home
    short: Home
    small: Home
    others: int

    @property
    def users(self) -> int:
        homes = (self.large, self.long, self.short, self.small)
        return sum(home.size for home in homes) + EACH * self.others


def build(options: Namespace) -> Population:
    """As many environments as asked for, at least four; then the tables are known and tidy."""
    long = min(100_000, options.users)
    sizes = (options.users, long, max(long // 10, 1), min(1_000, options.users))
    environments = tenants.make(max(options.environments, len(sizes)))
    homes = [
        Home(environment, api_keys.create(environment, name="bench")[1], size)
        for environment, size in zip(environments, sizes, strict=False)
    ]
    others = environments[len(homes) :]
    large, long_one, short, small = homes
    population = Population(large, long_one, short, small, others=len(others))
    with Step(f"{population.users:,} users in {len(environments):,} environments") as step:
        _settle(homes, others, step.alive)
    with Step("tidying the tables up"):
        bulk.execute("VACUUM (ANALYZE)")
    return population


def _settle(homes: Sequence[Home], others: Sequence[Environment], shown: Shown) -> None:
    """Each user on a grant of their own; the sums of users are made once, at the end."""
    client = clients.add(
        "SANDBOX", client_id="bench", client_secret=secrets.token_hex(16), simulated=True
    ).client
    since, done = clock.now() - timedelta(days=365), 0
    with bulk.unburdened(Grant, Connection):
        for environments, first, last in _portions(homes, others):
            _insert(client, since, environments, first, last)
            done += len(environments) * (last - first + 1)
            shown(f"{done:,} are there")
    bulk.execute(SUMS)


def _portions(
    homes: Sequence[Home], others: Sequence[Environment]
) -> Iterator[tuple[list[UUID], int, int]]:
    """Environments, and the first and last number of the users that each of them gets."""
    for home in homes:
        for first in range(1, home.size + 1, AT_ONCE):
            yield [home.environment.pk], first, min(first + AT_ONCE - 1, home.size)
    many = AT_ONCE // EACH
    for first in range(0, len(others), many):
        yield [environment.pk for environment in others[first : first + many]], 1, EACH


def _insert(
    client: OAuthClient, since: datetime, environments: list[UUID], first: int, last: int
) -> None:
    grant = Grant(
        oauth_client=client,
        state=GrantState.ACTIVE,
        version=1,
        authorisation_number=1,
        authorised_at=since,
        scopes=SCOPES,
    )
    user = Connection(provider=client.provider, consented_scopes=SCOPES, scopes=SCOPES, sequence=1)
    where: list[object] = [environments, first, last]
    own = {"id": GRANT_ID, "provider_user_id": ACCOUNT}
    bulk.multiply(grant, own, source=SOURCE, values=where)
    own = {
        "id": f"md5({PLACE})::uuid",
        "environment_id": "home.id",
        "grant_id": GRANT_ID,
        "provider_user_id": ACCOUNT,
        "reference_id": "'person-' || lpad(number::text, 9, '0')",
        "created_at": f"'{since.isoformat()}'::timestamptz + number * interval '1 second'",
    }
    bulk.multiply(user, own, source=SOURCE, values=where)
