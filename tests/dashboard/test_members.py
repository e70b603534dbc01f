import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from developers import members
from developers.models import AuditEntry, Membership, User
from developers.states import Role
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.dashboard.scene import Side, signed_in
from tests.threads import run_together


def account(email: str, *, verified: bool = True) -> User:
    person = cast.person(email)
    EmailAddress.objects.create(user=person, email=email, verified=verified, primary=True)
    return person


def member(side: Side, role: Role) -> Membership:
    return Membership.objects.create(company=side.company, user=cast.person(), role=role)


def role_of(who: Membership) -> str:
    return Membership.objects.get(pk=who.pk).role


def change(client: Client, side: Side, who: Membership, role: str) -> str:
    url = side.url(f"members/{who.id}/role/")
    return client.post(url, {"role": role}, follow=True).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        member(a, Role.VIEWER)
    with django_assert_num_queries(5):
        answer = a.client.get(a.url("members/"))
    assert len(answer.context["rows"]) == count + 1


def test_shows_this_companys_alone(a: Side, b: Side) -> None:
    page = a.client.get(a.url("members/")).content.decode()
    assert a.owner.email in page
    assert b.owner.email not in page


def test_adds_an_account_whatever_the_case_of_its_address(a: Side) -> None:
    person = account("new@a.example")
    given = {"email": "New@A.example", "role": "developer"}
    answer = a.client.post(a.url("members/add/"), given, follow=True)
    assert "is a member now." in answer.content.decode()
    assert Membership.objects.get(company=a.company, user=person).role == Role.DEVELOPER
    assert signed_in(person).get(a.url("api-keys/new/")).status_code == 200
    entry = AuditEntry.objects.get(action="member.added")
    assert (entry.actor, entry.subject) == (a.owner, "new@a.example: developer")


def test_an_unknown_address_is_said_plainly_and_kept(a: Side) -> None:
    given = {"email": "nobody@a.example", "role": "admin"}
    answer = a.client.post(a.url("members/add/"), given)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert "No account has this address." in form.errors["email"][0]
    assert (form["email"].value(), form["role"].value()) == ("nobody@a.example", "admin")


def test_an_address_that_was_never_confirmed_is_nobodys(a: Side) -> None:
    account("claimed@a.example", verified=False)
    answer = a.client.post(a.url("members/add/"), {"email": "claimed@a.example", "role": "viewer"})
    assert "No account has this address." in answer.context["form"].errors["email"][0]
    assert Membership.objects.filter(company=a.company).count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "no address", "role": "viewer"}, "email"),
        ({"email": "new@a.example", "role": "king"}, "role"),
        ({"email": "new@a.example"}, "role"),
    ],
)
def test_refuses_what_does_not_fit(a: Side, given: dict[str, str], field: str) -> None:
    account("new@a.example")
    answer = a.client.post(a.url("members/add/"), given)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert Membership.objects.filter(company=a.company).count() == 1


def test_nobody_is_a_member_twice(a: Side) -> None:
    EmailAddress.objects.create(user=a.owner, email=a.owner.email, verified=True)
    answer = a.client.post(a.url("members/add/"), {"email": a.owner.email, "role": "viewer"})
    assert "is a member already" in answer.context["form"].errors["email"][0]
    assert Membership.objects.get(company=a.company).role == Role.OWNER


def test_changes_a_role(a: Side) -> None:
    who = member(a, Role.VIEWER)
    assert "is developer now." in change(a.client, a, who, "developer")
    assert role_of(who) == Role.DEVELOPER
    entry = AuditEntry.objects.get(action="member.role_changed")
    assert entry.subject == f"{who.user.email}: viewer → developer"


def test_the_last_owner_stays_one(a: Side) -> None:
    who = Membership.objects.get(company=a.company)
    assert "A company needs an owner." in change(a.client, a, who, "admin")
    page = a.client.post(a.url(f"members/{who.id}/remove/"), follow=True).content.decode()
    assert "A company needs an owner." in page
    assert role_of(who) == Role.OWNER


def test_one_of_two_owners_may_go(a: Side) -> None:
    second = member(a, Role.OWNER)
    answer = signed_in(second.user).post(a.url(f"members/{second.id}/remove/"))
    assert answer["Location"] == "/"
    assert list(Membership.objects.filter(company=a.company)) == [
        Membership.objects.get(user=a.owner)
    ]


def test_admins_decide_about_everybody_but_owners(a: Side) -> None:
    admin = member(a, Role.ADMIN)
    client = signed_in(admin.user)
    owner = Membership.objects.get(user=a.owner)
    viewer = member(a, Role.VIEWER)
    page = client.get(a.url("members/")).content.decode()
    assert f"members/{viewer.id}/role/" in page
    assert f"members/{owner.id}/role/" not in page
    asked = client.get(a.url(f"members/{viewer.id}/role/")).content.decode()
    assert '<option value="viewer" selected>' in asked
    assert 'value="owner"' not in asked
    change(client, a, owner, "viewer")
    change(client, a, admin, "owner")
    change(client, a, viewer, "owner")
    client.post(a.url(f"members/{owner.id}/remove/"))
    account("new@a.example")
    given = {"email": "new@a.example", "role": "owner"}
    assert client.post(a.url("members/add/"), given).status_code == 422
    assert [role_of(who) for who in (owner, admin, viewer)] == ["owner", "admin", "viewer"]
    change(client, a, viewer, "admin")
    assert role_of(viewer) == Role.ADMIN


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_others_read_and_change_nothing(a: Side, role: Role) -> None:
    who = member(a, Role.VIEWER)
    reader = a.colleague(role)
    page = reader.get(a.url("members/")).content.decode()
    assert who.user.email in page
    assert "Remove…" not in page
    assert "Add a member" not in page
    assert reader.get(a.url("members/add/")).status_code == 403
    assert reader.post(a.url(f"members/{who.id}/role/"), {"role": "admin"}).status_code == 403
    assert reader.post(a.url(f"members/{who.id}/remove/")).status_code == 403
    assert role_of(who) == Role.VIEWER


def test_asks_before_it_removes(a: Side) -> None:
    who = member(a, Role.DEVELOPER)
    url = a.url(f"members/{who.id}/remove/")
    assert f"Remove {who.user.email}?" in a.client.get(url).content.decode()
    assert role_of(who) == Role.DEVELOPER
    assert "is no longer a member" in a.client.post(url, follow=True).content.decode()
    assert not Membership.objects.filter(pk=who.pk).exists()
    assert AuditEntry.objects.get(action="member.removed").subject == who.user.email


def test_another_companys_member_does_not_exist(a: Side, b: Side) -> None:
    theirs = Membership.objects.get(company=b.company)
    for verb in ("role", "remove"):
        answer = a.client.post(a.url(f"members/{theirs.id}/{verb}/"), {"role": "viewer"})
        assert answer.status_code == 404
    assert role_of(theirs) == Role.OWNER


@pytest.mark.django_db(transaction=True)
def test_owners_who_remove_one_another_at_once_leave_one() -> None:
    company = cast.company("Alder", owner=cast.person()).company
    first = Membership.objects.select_related("company", "user").get(company=company)
    second = Membership.objects.create(company=company, user=cast.person(), role=Role.OWNER)
    results = run_together(
        lambda: members.remove(second, by=first), lambda: members.remove(first, by=second)
    )
    refused = [result for result in results if isinstance(result, InvalidInputError)]
    assert (len(refused), results.count(None)) == (1, 1)
    assert Membership.objects.filter(company=company, role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_owners_who_step_down_at_once_leave_one() -> None:
    company = cast.company("Alder", owner=cast.person()).company
    first = Membership.objects.select_related("company", "user").get(company=company)
    second = Membership.objects.create(company=company, user=cast.person(), role=Role.OWNER)
    results = run_together(
        lambda: members.change_role(first, Role.VIEWER, by=first),
        lambda: members.remove(second, by=second),
    )
    refused = [result for result in results if isinstance(result, InvalidInputError)]
    assert [error.message for error in refused] == [
        "A company needs an owner. Make somebody else one first."
    ]
    assert Membership.objects.filter(company=company, role=Role.OWNER).count() == 1
