"""The numbers of users while everybody comes, goes and folds at once: they stay exact."""

from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import Count, Sum

from connections import counting, disconnect, revocation
from connections.models import Connection, Grant, UserCount
from connections.revocation import Cause
from connections.states import Door, End
from developers.models import Environment
from terra_portal import tenancy
from tests import cast
from tests.threads import run_together

pytestmark = pytest.mark.django_db(transaction=True)

USERS = 12
Place = tuple[Any, str]


@pytest.fixture
def environments(transactional_db: None) -> list[Environment]:
    return [cast.company(name).environments["testing"] for name in "ABC"]


def truth() -> dict[Place, int]:
    rows = Connection.objects.active().values_list("environment_id", "provider")
    return {(place, name): count for place, name, count in rows.annotate(n=Count("pk"))}


def kept() -> dict[Place, int]:
    rows = UserCount.objects.values_list("environment_id", "provider")
    return {(place, name): n for place, name, n in rows.annotate(n=Sum("change")) if n}


def shared(environments: list[Environment], provider: str) -> Grant:
    """Of an account that every environment reads, each with one user."""
    grant = cast.grant(cast.oauth_client(provider))
    for environment in environments:
        cast.connection(environment, on=grant)
    return grant


def end(user: Connection) -> None:
    disconnect.end(user.pk, environment=user.environment, door=Door.API)


def fan_out(grant: Grant) -> None:
    cause = Cause(End.REVOKED, Door.NOTICE, "a notice")
    revocation.fan_out(grant.pk, cause, authorisation_number=1)


def each(act: Callable[[Any], None], things: list[Any]) -> Callable[[], None]:
    def one_by_one() -> None:
        for thing in things:
            act(thing)

    return one_by_one


def fold_often() -> int:
    return sum(counting.fold() for _ in range(15))


@pytest.mark.parametrize("round_", range(3))
def test_connects_ends_fan_outs_and_folds_at_once(
    environments: list[Environment], round_: int
) -> None:
    leaving = [cast.connection(place) for place, _ in zip(cycle(environments), range(USERS))]
    revoked = [shared(environments, provider) for provider in ("SANDBOX", "FITBIT") * 3]
    free = [cast.grant(cast.oauth_client("FITBIT")) for _ in range(USERS)]

    def come() -> None:
        for place, grant in zip(cycle(environments), free):
            cast.connection(place, on=grant)

    results = run_together(
        come,
        each(end, leaving[::2]),
        each(end, leaving[1::2]),
        each(fan_out, revoked[::2]),
        each(fan_out, revoked[1::2]),
        fold_often,
        fold_often,
        fold_often,
    )

    assert not [one for one in results if isinstance(one, BaseException)], results
    assert kept() == truth()
    assert sum(truth().values()) == USERS
    counting.fold()
    assert kept() == truth()
    assert not UserCount.objects.filter(folded=False).exists()


def test_a_reader_never_sees_a_sum_that_is_under_way(environments: list[Environment]) -> None:
    place = environments[0]
    for _ in range(20):
        cast.connection(place)
    seen: list[int] = []

    def look() -> None:
        with tenancy.environment(place.pk):
            seen.extend(counting.total(place) for _ in range(200))

    def unfold() -> None:
        for _ in range(20):
            with tenancy.system("a test"):
                UserCount.objects.filter(environment=place).update(folded=False)
            counting.fold()

    results = run_together(look, unfold, unfold)

    assert not [one for one in results if isinstance(one, BaseException)], results
    assert Counter(seen) == {20: 200}


def test_what_never_came_is_not_counted(environments: list[Environment]) -> None:
    user = cast.connection(environments[0], reference_id="r")
    with pytest.raises(IntegrityError):
        cast.connection(environments[0], on=user.grant, reference_id="r")

    assert kept() == truth() == {(environments[0].pk, "SANDBOX"): 1}
