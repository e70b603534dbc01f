"""A company comes whole, with three worlds, or not at all."""

import pytest

from developers import api_keys, companies
from developers.models import ApiKey, AuditEntry, Company, Environment, Membership
from developers.states import EnvironmentKind, Role
from terra_portal.errors import InvalidInputError
from tests import cast

pytestmark = pytest.mark.django_db


def test_it_has_three_environments_each_with_a_key_that_works() -> None:
    made = companies.create("Alder & Sons", owner=cast.person())
    assert list(made.environments) == ["testing", "staging", "production"]
    for kind, environment in made.environments.items():
        assert environment.kind == kind
        assert environment.dev_id.startswith(f"alder-sons-{kind}-")
        key = api_keys.authenticate(environment.dev_id, made.api_keys[kind])
        assert key is not None
        assert (key.name, key.environment) == ("Default", environment)
    assert ApiKey.objects.count() == len(EnvironmentKind)


def test_its_maker_owns_it_and_the_log_says_so() -> None:
    owner = cast.person()
    made = companies.create("Alder", owner=owner)
    member = Membership.objects.get(company=made.company)
    assert (member.user, member.role) == (owner, Role.OWNER)
    entry = AuditEntry.objects.get(action="company.created")
    assert (entry.company, entry.actor, entry.subject) == (made.company, owner, "Alder")


def test_a_name_that_is_taken_is_free_for_another() -> None:
    slugs = {companies.create("Alder", owner=cast.person()).company.slug for _ in range(3)}
    assert len(slugs) == 3
    assert all(slug.startswith("alder-") for slug in slugs)


@pytest.mark.parametrize("name", ["Ελάτη", "日本", "!!!", "x" * 100, "a" * 39 + " b"])
def test_any_name_that_people_can_read_is_a_name(name: str) -> None:
    made = companies.create(name, owner=cast.person())
    assert made.company.name == name
    for row in (made.company, *made.environments.values()):
        row.full_clean()


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\u202eb"])
def test_an_unfit_name_leaves_nothing_behind(name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        companies.create(name, owner=cast.person())
    assert refused.value.field == "name"
    for model in (Company, Environment, Membership, ApiKey, AuditEntry):
        assert model._default_manager.count() == 0
