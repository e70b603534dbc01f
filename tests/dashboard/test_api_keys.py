import pytest
from pytest_django import DjangoAssertNumQueries

from developers import api_keys
from developers.models import ApiKey, AuditEntry
from developers.states import Role
from tests.dashboard.scene import Side


@pytest.fixture(autouse=True)
def without_the_first_key(a: Side) -> None:
    ApiKey.objects.filter(environment=a.environment).delete()


@pytest.mark.parametrize("count", [1, 3])
def test_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        api_keys.create(a.environment, name=f"key {number}", created_by=a.owner)
    with django_assert_num_queries(5):
        answer = a.client.get(a.url("api-keys/"))
    assert len(answer.context["rows"]) == count


def test_shows_hints_and_never_keys(a: Side) -> None:
    key, plaintext = api_keys.create(a.environment, name="backend", created_by=a.owner)
    page = a.client.get(a.url("api-keys/")).content.decode()
    assert "backend" in page
    assert f"…{key.hint}" in page
    assert plaintext not in page
    assert key.key_hash not in page
    assert a.environment.dev_id in page


def test_shows_this_environments_alone(a: Side, b: Side) -> None:
    api_keys.create(b.environment, name="theirs")
    assert a.client.get(a.url("api-keys/")).context["rows"] == []


def test_makes_one_and_shows_it_once(a: Side) -> None:
    answer = a.client.post(a.url("api-keys/new/"), {"name": "nightly"})
    key = ApiKey.objects.get(environment=a.environment)
    plaintext = answer.context["plaintext"]
    assert api_keys.authenticate(a.environment.dev_id, plaintext) == key
    assert (key.name, key.created_by) == ("nightly", a.owner)
    page = answer.content.decode()
    assert page.count(plaintext) == 1
    assert 'aria-label="Copy API key"' in page
    assert "no-store" in answer["Cache-Control"]
    for path in ("api-keys/", "api-keys/new/", "audit/"):
        assert plaintext not in a.client.get(a.url(path)).content.decode()


@pytest.mark.parametrize("name", ["", "n" * 61])
def test_refuses_a_name_that_does_not_fit_and_keeps_it(a: Side, name: str) -> None:
    answer = a.client.post(a.url("api-keys/new/"), {"name": name})
    assert answer.status_code == 422
    assert answer.context["form"]["name"].value() == name
    assert answer.context["form"].errors["name"]
    assert ApiKey.objects.filter(environment=a.environment).count() == 0


def test_asks_before_it_revokes(a: Side) -> None:
    key, plaintext = api_keys.create(a.environment, name="backend")
    url = a.url(f"api-keys/{key.id}/revoke/")
    asked = a.client.get(url)
    assert "Revoke the key “backend”?" in asked.content.decode()
    assert api_keys.authenticate(a.environment.dev_id, plaintext) == key
    answer = a.client.post(url, follow=True)
    assert "The key “backend” is revoked." in answer.content.decode()
    assert api_keys.authenticate(a.environment.dev_id, plaintext) is None
    assert ">Revoked</span>" in answer.content.decode()
    entry = AuditEntry.objects.get(action="api_key.revoked")
    assert (entry.actor, entry.environment) == (a.owner, a.environment)


def test_revokes_once(a: Side) -> None:
    key, _ = api_keys.create(a.environment, name="backend")
    url = a.url(f"api-keys/{key.id}/revoke/")
    a.client.post(url)
    key.refresh_from_db()
    when = key.revoked_at
    assert "was revoked before" in a.client.post(url, follow=True).content.decode()
    key.refresh_from_db()
    assert key.revoked_at == when


def test_another_companys_key_does_not_exist(a: Side, b: Side) -> None:
    key, plaintext = api_keys.create(b.environment, name="theirs")
    assert a.client.post(a.url(f"api-keys/{key.id}/revoke/")).status_code == 404
    assert api_keys.authenticate(b.environment.dev_id, plaintext) == key


def test_viewers_read_and_change_nothing(a: Side) -> None:
    key, plaintext = api_keys.create(a.environment, name="backend")
    viewer = a.colleague(Role.VIEWER)
    page = viewer.get(a.url("api-keys/")).content.decode()
    assert "backend" in page
    assert "New key" not in page
    assert "Revoke…" not in page
    assert viewer.post(a.url("api-keys/new/"), {"name": "mine"}).status_code == 403
    assert viewer.post(a.url(f"api-keys/{key.id}/revoke/")).status_code == 403
    assert api_keys.authenticate(a.environment.dev_id, plaintext) == key


def test_htmx_gets_the_list_alone(a: Side) -> None:
    part = a.client.get(a.url("api-keys/"), headers={"HX-Request": "true"}).content.decode()
    assert "No keys yet" in part
    assert "<html" not in part
