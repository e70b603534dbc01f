"""The rule of `environment_page`, seen through pages that use it."""

from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries

from developers.access import EnvironmentRequest, environment_page
from developers.models import Environment
from developers.states import EnvironmentKind, Role
from terra_portal import tenancy
from tests import cast
from tests.dashboard.scene import Side, signed_in


@environment_page(role=Role.DEVELOPER)
def page(request: EnvironmentRequest) -> HttpResponse:
    """Says for whom it was opened and within which scope it runs."""
    scope = tenancy.current()
    assert scope is not None
    return HttpResponse(
        f"{request.company.slug} {request.environment.kind} {request.membership.role} "
        f"{scope.environment_id == request.environment.id}"
    )


def test_knows_company_environment_and_member_from_one_query(
    a: Side, rf: RequestFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = rf.get("/")
    request.user = a.owner
    with django_assert_num_queries(1):
        answer = page(request, company=a.company.slug, environment="staging")
    assert answer.content.decode() == f"{a.company.slug} staging owner True"
    assert tenancy.current() is None


def test_is_kept_out_of_shared_caches_and_apart_from_its_parts(a: Side) -> None:
    answer = a.client.get(a.url("api-keys/"))
    assert answer["Cache-Control"] == "private, no-cache"
    assert {"HX-Request", "Cookie"} <= {word.strip() for word in answer["Vary"].split(",")}


def test_answers_outsiders_as_if_nothing_were_there(a: Side, b: Side) -> None:
    foreign = b.client.get(a.url("api-keys/"))
    unknown = b.client.get("/c/nobody-at-all/testing/api-keys/")
    no_such_kind = a.client.get(f"/c/{a.company.slug}/rehearsal/api-keys/")
    assert [foreign.status_code, unknown.status_code, no_such_kind.status_code] == [404, 404, 404]
    assert foreign.content == unknown.content


def test_being_staff_opens_no_company(a: Side) -> None:
    staff = signed_in(cast.person(is_staff=True, is_superuser=True))
    assert staff.get(a.url("api-keys/")).status_code == 404


@pytest.mark.parametrize(
    ("role", "may"),
    [(Role.OWNER, 200), (Role.ADMIN, 200), (Role.DEVELOPER, 200), (Role.VIEWER, 403)],
)
def test_a_role_too_low_is_told_so(a: Side, role: Role, may: int) -> None:
    assert a.colleague(role).get(a.url("api-keys/new/")).status_code == may


def test_a_former_member_is_an_outsider(a: Side) -> None:
    colleague = a.colleague(Role.OWNER)
    assert colleague.get(a.url("api-keys/")).status_code == 200
    a.company.memberships.exclude(user=a.owner).delete()
    assert colleague.get(a.url("api-keys/")).status_code == 404


def test_signed_out_readers_sign_in_and_come_back(a: Side) -> None:
    answer = Client().get(a.url("api-keys/"))
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={a.url('api-keys/')}"


def test_htmx_moves_the_whole_page_to_the_log_in(a: Side) -> None:
    answer = Client().get(a.url("api-keys/"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["HX-Redirect"].startswith("/accounts/login/")


def test_the_switcher_keeps_the_page(a: Side) -> None:
    answer = a.client.get(a.url("api-keys/new/"))
    kinds = [(other.kind, other.url) for other in answer.context["environments"]]
    here = f"/c/{a.company.slug}"
    assert kinds == [(kind, f"{here}/{kind}/api-keys/") for kind in EnvironmentKind.values]
    assert f'href="{here}/production/api-keys/"' in answer.content.decode()


def test_the_menu_marks_where_one_is(a: Side) -> None:
    nav = a.client.get(a.url("members/add/")).context["nav"]
    assert [item.label for group in nav for item in group.items if item.current] == ["Members"]
    assert all(item.url for group in nav for item in group.items)


def test_the_switcher_names_the_readers_other_companies_only(a: Side, b: Side) -> None:
    other = cast.company("Elder", owner=a.owner)
    answer = a.client.get(a.url("api-keys/"))
    assert [member.company for member in answer.context["memberships"]] == [other.company]
    assert "Birch" not in answer.content.decode()


def test_no_two_environments_answer_one_address(a: Side) -> None:
    key = Environment.objects.get(company=a.company, kind="staging").api_keys.get()
    assert a.client.get(a.url(f"api-keys/{key.id}/revoke/")).status_code == 404
    assert a.client.get(a.url(f"api-keys/{uuid4()}/revoke/")).status_code == 404
