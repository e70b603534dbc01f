"""Two companies and the people who sign in. Nobody of them exists."""

from dataclasses import dataclass

from allauth.account.models import EmailAddress

from developers import companies
from developers.models import Company, Environment, Membership, User
from developers.states import EnvironmentKind, Role
from terra_portal import tenancy

PASSWORD = "northern-lights-7"  # noqa: S105 - it opens a demo that only this machine can reach


@dataclass(frozen=True)
class Person:
    email: str
    what: str


@dataclass(frozen=True)
class Side:
    """A company of the demo and the environment that its story takes place in."""

    company: Company
    environment: Environment
    owner: User


OWNERS = {
    "Northwind Health": Person("owner@northwind.example", "owner of Northwind Health"),
    "Juniper Fitness": Person("owner@juniper.example", "owner of Juniper Fitness"),
}
VIEWER = Person("viewer@northwind.example", "may only look, at Northwind Health")
STAFF = Person("staff@portal.example", "platform staff, with the admin")
EVERYBODY = [*OWNERS.values(), VIEWER, STAFF]


def are_there() -> bool:
    return User.objects.filter(email=STAFF.email).exists()


def make() -> None:
    """The companies and the log-ins; only once."""
    for name, person in OWNERS.items():
        companies.create(name, owner=_user(person))
    northwind = sides()["Northwind Health"].company
    Membership.objects.create(company=northwind, user=_user(VIEWER), role=Role.VIEWER)
    _user(STAFF, is_staff=True, is_superuser=True)


def sides() -> dict[str, Side]:
    """By the name in the story; the companies are found by their owners, for names may change."""
    found = {}
    with tenancy.system("the demo's companies"):
        for name, person in OWNERS.items():
            rows = Environment.objects.select_related("company")
            environment = rows.filter(
                company__memberships__user__email=person.email,
                company__memberships__role=Role.OWNER,
                kind=EnvironmentKind.TESTING,
            ).earliest("created_at")
            owner = User.objects.get(email=person.email)
            found[name] = Side(environment.company, environment, owner)
    return found


def _user(person: Person, *, is_staff: bool = False, is_superuser: bool = False) -> User:
    user = User.objects.create_user(
        person.email, PASSWORD, is_staff=is_staff, is_superuser=is_superuser
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
