import pytest
from pytest_django import DjangoAssertNumQueries

from developers import audit
from developers.models import AuditEntry, Environment
from developers.states import Role
from tests.dashboard.scene import Side


@pytest.fixture(autouse=True)
def nothing_yet(a: Side, b: Side) -> None:
    AuditEntry.objects.all().delete()


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        audit.record(a.company, "api_key.created", actor=a.owner, subject=str(number))
    with django_assert_num_queries(5):
        answer = a.client.get(a.url("audit/"))
    assert len(answer.context["rows"]) == count


def test_shows_this_environments_and_the_companys_newest_first(a: Side, b: Side) -> None:
    staging = Environment.objects.get(company=a.company, kind="staging")
    audit.record(a.company, "member.added", actor=a.owner)
    audit.record(a.company, "api_key.created", environment=a.environment)
    audit.record(a.company, "api_key.revoked", environment=staging)
    audit.record(b.company, "member.removed")
    answer = a.client.get(a.url("audit/"))
    assert [said for _, said in answer.context["rows"]] == ["API key created", "Member added"]
    page = answer.content.decode()
    assert "the platform" in page
    assert a.owner.email in page


def test_what_an_api_key_did_is_said_to_be_its_work(a: Side) -> None:
    with audit.acting('API key "backend"'):
        audit.record(a.company, "destination.added", environment=a.environment)
        audit.record(a.company, "destination.removed", environment=a.environment, actor=a.owner)
    audit.record(a.company, "destination.paused", environment=a.environment)

    rows = AuditEntry.objects.order_by("at").values_list("action", "via")
    assert list(rows) == [
        ("destination.added", 'API key "backend"'),
        ("destination.removed", ""),
        ("destination.paused", ""),
    ]
    page = a.client.get(a.url("audit/")).content.decode()
    assert "API key &quot;backend&quot;" in page


def test_every_member_reads_it(a: Side) -> None:
    assert a.colleague(Role.VIEWER).get(a.url("audit/")).status_code == 200


def test_says_when_nothing_changed(a: Side) -> None:
    assert "Nothing changed yet" in a.client.get(a.url("audit/")).content.decode()
