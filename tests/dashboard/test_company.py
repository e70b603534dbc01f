import pytest
from django.test import Client

from developers.models import ApiKey, Company, Environment, Membership
from developers.states import EnvironmentKind, Role
from terra_portal import crypto
from tests import cast
from tests.dashboard.scene import Side, signed_in


def test_home_leads_signed_out_readers_to_the_log_in() -> None:
    assert Client().get("/")["Location"] == "/accounts/login/?next=/"


def test_home_leads_newcomers_to_make_a_company(db: None) -> None:
    assert signed_in(cast.person()).get("/")["Location"] == "/companies/new/"


def test_home_leads_members_to_the_company_they_joined_last(a: Side) -> None:
    assert a.client.get("/")["Location"] == a.url()
    later = cast.company("Later", owner=a.owner).company
    assert a.client.get("/")["Location"] == f"/c/{later.slug}/testing/"


def test_makes_three_environments_and_shows_their_keys_once(db: None) -> None:
    person = cast.person()
    client = signed_in(person)
    answer = client.post("/companies/new/", {"name": "Cedar & Sons"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    page = answer.content.decode()
    made = Company.objects.get()
    assert (made.name, Membership.objects.get().role) == ("Cedar & Sons", Role.OWNER)
    assert "Cedar &amp; Sons is ready" in page
    for kind, environment, key in answer.context["worlds"]:
        assert environment == Environment.objects.get(company=made, kind=kind)
        assert page.count(f">{environment.dev_id}<") == 1
        assert page.count(f">{key}<") == 1
        assert ApiKey.objects.get(environment=environment).key_hash == crypto.sha256(key)
    assert len(answer.context["worlds"]) == len(EnvironmentKind)
    again = client.get("/companies/new/").content.decode()
    assert not any(key in again for _, _, key in answer.context["worlds"])


@pytest.mark.parametrize("name", ["", "   ", "n" * 101])
def test_a_name_that_does_not_fit_is_refused_and_kept(db: None, name: str) -> None:
    answer = signed_in(cast.person()).post("/companies/new/", {"name": name})
    assert answer.status_code == 422
    assert answer.context["form"]["name"].value() == name
    assert 'class="error"' in answer.content.decode()
    assert Company.objects.count() == 0


def test_one_name_serves_many(db: None) -> None:
    for _ in range(2):
        answer = signed_in(cast.person()).post("/companies/new/", {"name": "Cedar"})
        assert answer.status_code == 200
    first, second = Company.objects.all()
    assert (first.name, second.name) == ("Cedar", "Cedar")
    assert first.slug != second.slug
