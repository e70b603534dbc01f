"""API keys: shown once, recognised only beside their own dev-id, dead once revoked."""

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from developers import api_keys
from developers.models import ApiKey, AuditEntry, Environment
from terra_portal import clock, crypto
from terra_portal.errors import InvalidInputError
from tests import cast

pytestmark = pytest.mark.django_db


def test_a_key_opens_its_own_environment(environment: Environment) -> None:
    owner = cast.person()
    made, plaintext = api_keys.create(environment, name=" backend ", created_by=owner)
    found = api_keys.authenticate(environment.dev_id, plaintext)
    assert found == made
    assert (made.name, made.created_by) == ("backend", owner)
    assert plaintext.startswith("tpk_")


def test_only_a_hash_and_the_last_characters_are_stored(environment: Environment) -> None:
    made, plaintext = api_keys.create(environment, name="backend")
    (stored,) = ApiKey.objects.filter(pk=made.pk).values()
    assert stored["key_hash"] == crypto.sha256(plaintext)
    assert stored["hint"] == plaintext[-4:]
    assert plaintext not in str(stored)


def test_a_key_does_not_open_another_environment(environment: Environment) -> None:
    _, plaintext = api_keys.create(environment, name="backend")
    sibling = environment.company.environments.get(kind="production")
    stranger = cast.company("B").environments["testing"]
    for other in (sibling, stranger):
        assert api_keys.authenticate(other.dev_id, plaintext) is None


@pytest.mark.parametrize("key", ["", "tpk_", "tpk_wrong", "\x00", "ключ"])
def test_an_unknown_key_opens_nothing(environment: Environment, key: str) -> None:
    assert api_keys.authenticate(environment.dev_id, key) is None


def test_an_unknown_dev_id_asks_the_database_no_less(
    environment: Environment, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _, plaintext = api_keys.create(environment, name="backend")
    for dev_id, key in (("nobody", plaintext), (environment.dev_id, "tpk_wrong")):
        with django_assert_num_queries(1):
            assert api_keys.authenticate(dev_id, key) is None


def test_a_revoked_key_opens_nothing_and_is_told_once(environment: Environment) -> None:
    made, plaintext = api_keys.create(environment, name="backend")
    api_keys.revoke(made)
    api_keys.revoke(made)
    assert api_keys.authenticate(environment.dev_id, plaintext) is None
    entries = AuditEntry.objects.filter(environment=environment, subject=str(made))
    actions = sorted(entries.values_list("action", flat=True))
    assert actions == ["api_key.created", "api_key.revoked"]


def test_its_use_is_written_down_at_most_once_a_minute(environment: Environment) -> None:
    made, plaintext = api_keys.create(environment, name="backend")
    api_keys.authenticate(environment.dev_id, plaintext)
    first = _last_used(made)
    assert first is not None
    with clock.shifted(timedelta(seconds=50)):
        api_keys.authenticate(environment.dev_id, plaintext)
    assert _last_used(made) == first
    with clock.shifted(timedelta(seconds=61)):
        api_keys.authenticate(environment.dev_id, plaintext)
    later = _last_used(made)
    assert later is not None
    assert later - first >= timedelta(seconds=60)


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "two\nlines", "\x00"])
def test_an_unfit_name_is_refused(environment: Environment, name: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        api_keys.create(environment, name=name)
    assert refused.value.field == "name"
    assert ApiKey.objects.filter(environment=environment).count() == 1


def _last_used(key: ApiKey) -> datetime | None:
    return ApiKey.objects.get(pk=key.pk).last_used_at
