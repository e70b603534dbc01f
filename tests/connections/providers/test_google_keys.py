"""Google's published keys: fetched once, never in a hurry, and of one address for that one only."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from connections.providers import WearableProvider, google_keys
from connections.providers.answers import NotVerifiedError
from terra_portal.network import NetworkInTransactionError
from tests.connections.providers import stand_in
from tests.connections.providers.google_signer import CLIENT_ID, KEYSET, Signer
from tests.connections.providers.stand_in import StandIn

# One that is published, and one that is not.
ID, MADE_UP = 7, 8


@pytest.fixture
def signer(maker: StandIn) -> Signer:
    made = Signer(webhook_id=ID)
    made.publish(maker)
    return made


@pytest.fixture
def google(signer: Signer) -> WearableProvider:
    return stand_in.simulated("GOOGLE", CLIENT_ID)


def refused(google: WearableProvider, key_id: int) -> int | None:
    """The status that is asked for; None for the usual one."""
    with pytest.raises(NotVerifiedError) as raised:
        google_keys.webhook_key(google, key_id)
    return raised.value.status


def test_keys_are_fetched_once_for_many_notices(
    google: WearableProvider, maker: StandIn, signer: Signer
) -> None:
    for _ in range(3):
        found = google_keys.webhook_key(google, ID)
        assert found.public_numbers() == signer.webhook.public_key().public_numbers()
    assert maker.asked() == [KEYSET]


def test_made_up_key_ids_do_not_make_us_ask_again(google: WearableProvider, maker: StandIn) -> None:
    for _ in range(3):
        assert refused(google, MADE_UP) is None
    google_keys.webhook_key(google, ID)
    assert maker.asked() == [KEYSET]


def test_a_new_key_is_fetched_when_the_minute_is_over(
    google: WearableProvider, maker: StandIn, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_keys, "ASKED_AGAIN", timedelta(0))
    assert refused(google, MADE_UP) is None
    Signer(webhook_id=MADE_UP).publish(maker, signer.tink_key())
    google_keys.webhook_key(google, MADE_UP)
    google_keys.webhook_key(google, ID)
    assert maker.asked() == [KEYSET, KEYSET]


def test_keys_are_not_kept_beyond_their_time(
    google: WearableProvider, maker: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert timedelta(0) < google_keys.KEPT <= timedelta(days=1)
    for name in ("KEPT", "ASKED_AGAIN"):
        monkeypatch.setattr(google_keys, name, timedelta(0))
    for _ in range(2):
        google_keys.webhook_key(google, ID)
    assert maker.asked() == [KEYSET, KEYSET]


@pytest.mark.parametrize(
    "more", [{"status": "DISABLED"}, {"keyData": {"typeUrl": "another", "value": "EgA="}}]
)
def test_only_ecdsa_keys_in_use_count(
    google: WearableProvider, maker: StandIn, signer: Signer, more: dict[str, Any]
) -> None:
    signer.publish(maker, signer.tink_key(keyId=MADE_UP, **more))
    google_keys.webhook_key(google, ID)
    assert refused(google, MADE_UP) is None


def test_a_key_of_another_curve_or_digest_does_not_count(
    google: WearableProvider, maker: StandIn
) -> None:
    """SHA-512 in the parameters of an otherwise good key."""
    value = Signer().tink_key()["keyData"]["value"].replace("EgYIAxACGAIa", "EgYIBBACGAIa")
    maker.set(KEYSET, {"key": [entry(value)]})
    assert refused(google, ID) is None


def test_the_published_form_of_a_key(google: WearableProvider, maker: StandIn) -> None:
    """A value of the real keyset: coordinates of 33 bytes, with a sign byte in front."""
    value = (
        "EgYIAxACGAIaIQBDWg3kaiabjtrVXbSSbcn6e3QqiCLD+B4GuhC/Z1C6miIhACarm0VQv9W"
        "jNZG/AB0itXCIGFW5ddInmBFUjK/8w0v3"
    )
    maker.set(KEYSET, {"primaryKeyId": ID, "key": [entry(value)]})
    numbers = google_keys.webhook_key(google, ID).public_numbers()
    assert f"{numbers.x:064x}".startswith("435a0de46a269b8edad55db4926dc9fa")
    assert f"{numbers.y:064x}".startswith("26ab9b4550bfd5a33591bf001d22b570")


def entry(value: object) -> dict[str, Any]:
    made = Signer(webhook_id=ID).tink_key()
    return {**made, "keyData": {**made["keyData"], "value": value}}


def long_winded() -> str:
    """A good key behind a number of more bytes than protobuf gives one."""
    good = base64.b64decode(Signer().tink_key()["keyData"]["value"])
    return base64.b64encode(b"\x08" + b"\x80" * 10 + b"\x00" + good).decode()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {}),
        (404, {}),
        (410, {}),
        (200, b"<html>"),
        (200, []),
        (200, {"key": 1}),
        (200, {"key": [1]}),
        (200, {"key": [{}]}),
        *((200, {"key": [entry(value)]}) for value in (7, "?", "")),
        # Cut off within a number, within a text, without parameters, a group.
        *((200, {"key": [entry(value)]}) for value in ("EoCA", "EgYIAxAC", "GgEB", "CwECAw==")),
        (200, {"key": [entry(long_winded())]}),
        # Nowhere on the curve.
        (200, {"key": [entry("EgYIAxACGAIaAQEiAQE=")]}),
    ],
)
def test_without_keys_google_is_asked_to_come_again(
    google: WearableProvider, maker: StandIn, signer: Signer, status: int, body: Any
) -> None:
    maker.set(KEYSET, body, status=status)
    assert refused(google, ID) == 503
    signer.publish(maker)
    assert refused(google, ID) == 503  # not asked in a hurry
    assert maker.asked() == [KEYSET]


def test_keys_of_one_address_are_not_another_one_s(
    google: WearableProvider, settings: Settings
) -> None:
    """What a stand-in publishes is never taken for Google's."""
    google_keys.webhook_key(google, ID)
    with stand_in.running() as other:
        settings.PROVIDER_HOSTS = other.hosts
        assert refused(google, ID) == 503
        assert other.asked() == [KEYSET]


def test_without_a_stand_in_nobody_is_asked(google: WearableProvider, settings: Settings) -> None:
    settings.PROVIDER_HOSTS = {}
    assert refused(google, ID) == 503


def test_keys_are_not_fetched_in_a_transaction(
    transactional_db: None, google: WearableProvider
) -> None:
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        google_keys.webhook_key(google, ID)
