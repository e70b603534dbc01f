"""How many users an environment has: read from the changes of the number, not from the users."""

from collections import Counter
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum

from connections.models import UserCount
from developers.models import Environment
from terra_portal import tenancy

BATCH = 1000

Place = tuple[UUID, str]


def by_provider(environment: Environment) -> Counter[str]:
    """The connected users of each provider; those that have none are left out."""
    rows = UserCount.objects.for_environment(environment).values_list("provider")
    sums = rows.annotate(number=Sum("change"))
    return +Counter({provider: int(number) for provider, number in sums})


def total(environment: Environment) -> int:
    """The connected users in all. Reads a row for each provider, and those not folded yet."""
    rows = UserCount.objects.for_environment(environment)
    return int(rows.aggregate(number=Sum("change", default=0))["number"])


def fold() -> int:
    """Makes one row of the rows of each environment and provider; returns how many it took up.

    Any number of workers may do it at once, and users come and go meanwhile: whoever reads finds
    the same sum before and after.
    """
    with tenancy.system("folding the numbers of users"):
        taken = 0
        while found := _fold_some():
            taken += found
            if found < BATCH:
                break
        return taken


@transaction.atomic
def _fold_some() -> int:
    changes = list(_nobodys(folded=False).order_by("pk")[:BATCH])
    if changes:
        rows = changes + _earlier_sums({_place(row) for row in changes})
        sums = Counter[Place]()
        for row in rows:
            sums[_place(row)] += row.change
        UserCount.objects.filter(pk__in=[row.pk for row in rows]).delete()
        UserCount.objects.bulk_create(_sum(place, sums[place]) for place in sums if sums[place])
    return len(changes)


def _earlier_sums(places: set[Place]) -> list[UserCount]:
    """One that another worker holds is left: the sum then stands in two rows for a while."""
    rows = _nobodys(folded=True, environment__in={environment_id for environment_id, _ in places})
    return [row for row in rows if _place(row) in places]


def _nobodys(**which: object) -> QuerySet[UserCount]:
    """Locked rows that no other worker has taken up; it waits for none."""
    return UserCount.objects.filter(**which).select_for_update(skip_locked=True)


def _place(row: UserCount) -> Place:
    return row.environment_id, row.provider


def _sum(place: Place, change: int) -> UserCount:
    environment_id, provider = place
    return UserCount(environment_id=environment_id, provider=provider, change=change, folded=True)
