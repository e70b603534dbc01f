"""Secrets at rest: bound to their place, readable under every key that is still listed."""

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from connections.models import Grant
from terra_portal import crypto
from tests import cast

PLACE = "table:column:1"


def test_a_ciphertext_opens_in_its_place_only() -> None:
    sealed = crypto.seal("secret", place=PLACE)
    assert crypto.unseal(sealed, place=PLACE) == "secret"
    for elsewhere in ("table:column:2", "table:other:1", "other:column:1"):
        with pytest.raises(crypto.UnreadableError):
            crypto.unseal(sealed, place=elsewhere)


@pytest.mark.parametrize("damage", ["", "v1", "v2.tests.AAAA", "v1.tests.AAAA", "plain text"])
def test_damage_is_refused_and_never_returned(damage: str) -> None:
    if not damage:
        assert crypto.unseal("", place=PLACE) == ""
        return
    with pytest.raises(crypto.UnreadableError):
        crypto.unseal(damage, place=PLACE)


def test_equal_texts_have_unequal_ciphertexts() -> None:
    assert crypto.seal("x", place=PLACE) != crypto.seal("x", place=PLACE)


def test_keys_rotate(settings: Settings) -> None:
    old, new = crypto.new_key("old"), crypto.new_key("new")
    settings.ENCRYPTION_KEYS = [old]
    before = crypto.seal("secret", place=PLACE)
    settings.ENCRYPTION_KEYS = [new, old]
    after = crypto.seal("secret", place=PLACE)

    assert [crypto.sealing_key_id(one) for one in (before, after)] == ["old", "new"]
    assert crypto.unseal(before, place=PLACE) == crypto.unseal(after, place=PLACE) == "secret"

    settings.ENCRYPTION_KEYS = [new]
    with pytest.raises(crypto.UnreadableError):
        crypto.unseal(before, place=PLACE)


@pytest.mark.django_db
def test_the_database_holds_no_token() -> None:
    grant = cast.grant()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM connections_grant")
        stored = str(cursor.fetchall())
        cursor.execute("SELECT client_secret FROM connections_oauthclient")
        stored += str(cursor.fetchall())
    for secret in (cast.ACCESS_TOKEN, cast.REFRESH_TOKEN, cast.CLIENT_SECRET):
        assert secret not in stored
    assert Grant.objects.get(pk=grant.pk).access_token == cast.ACCESS_TOKEN


@pytest.mark.django_db
def test_a_ciphertext_moved_to_another_row_does_not_open() -> None:
    one, other = cast.grant(), cast.grant()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connections_grant SET access_token ="
            " (SELECT access_token FROM connections_grant WHERE id = %s) WHERE id = %s",
            [one.pk, other.pk],
        )
    with pytest.raises(crypto.UnreadableError):
        _ = Grant.objects.get(pk=other.pk).access_token


@pytest.mark.django_db
def test_a_plaintext_is_not_written_past_the_seal() -> None:
    grant = cast.grant()
    with pytest.raises(TypeError):
        Grant.objects.filter(pk=grant.pk).update(access_token="in the clear")
