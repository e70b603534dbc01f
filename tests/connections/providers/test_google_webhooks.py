"""Google Health's webhooks: the handshake, signed notices, their keys, and who only pretends."""

import base64
import json
from typing import Any

import pytest

from connections import clients
from connections.models import Notice
from connections.providers import WearableProvider
from connections.providers.answers import (
    Knock,
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
)
from tests.connections.providers import stand_in
from tests.connections.providers.garbage import GARBAGE
from tests.connections.providers.google_signer import CLIENT_ID, KEYSET, Signer
from tests.connections.providers.stand_in import StandIn
from tests.connections.test_hooks import send

SECRET = "Bearer a-secret-of-ours"


@pytest.fixture
def signer(maker: StandIn) -> Signer:
    made = Signer()
    made.publish(maker)
    return made


@pytest.fixture
def google(signer: Signer) -> WearableProvider:
    return stand_in.simulated("GOOGLE", CLIENT_ID, notice_secret=SECRET)


def change(operation: str = "DELETE", user: object = "health-1", **more: Any) -> dict[str, Any]:
    data = {"version": "1", "healthUserId": user, "operation": operation, "dataType": "steps"}
    return {"data": {**data, "clientProvidedSubscriptionName": "s", "intervals": [], **more}}


def webhook(
    signer: Signer, said: Any, header: str = "X-HEALTHAPI-SIGNATURE", secret: str = SECRET
) -> Knock:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    headers = {header: signer.sign(body), "Authorization": secret}
    return Knock("POST", headers, {}, body)


def refused(google: WearableProvider, knock: Knock) -> int | None:
    """The status that is asked for; None for the usual one."""
    with pytest.raises(NotVerifiedError) as raised:
        google.hear(knock)
    return raised.value.status


# The handshake


def test_the_address_is_tested_with_our_authorization_and_without(
    google: WearableProvider, maker: StandIn
) -> None:
    body = b'{"type": "verification"}'
    reply = google.hear(Knock("POST", {"Authorization": SECRET}, {}, body))
    assert (reply.status, list(reply.messages)) == (201, [])
    for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer guess"}):
        assert refused(google, Knock("POST", headers, {}, body)) is None
    assert type(google).refused_status == 401
    assert maker.calls == []  # no key is needed for it


def test_without_a_secret_of_ours_nobody_is_authorised(maker: StandIn) -> None:
    google = stand_in.simulated("GOOGLE", CLIENT_ID)
    for headers in ({}, {"Authorization": ""}):
        refused(google, Knock("POST", headers, {}, b'{"type": "verification"}'))


# Webhooks


@pytest.mark.parametrize("header", ["X-HEALTHAPI-SIGNATURE", "GOOGLE-HEALTH-API-SIGNATURE"])
def test_deleted_data_asks_for_a_probe_once_for_each_person(
    google: WearableProvider, signer: Signer, header: str
) -> None:
    said = [
        change(),
        change("UPSERT", "health-3"),
        change(user="health-2"),
        change(),
        change("NEWLY_MADE_UP", "health-4"),
    ]
    reply = google.hear(webhook(signer, said, header))
    assert reply.status == 204
    assert list(reply.messages) == [
        NoticeMessage(NoticeKind.DOUBT, "health-1"),
        NoticeMessage(NoticeKind.DOUBT, "health-2"),
    ]


def test_a_single_change_may_come_without_a_list(google: WearableProvider, signer: Signer) -> None:
    messages = google.hear(webhook(signer, change())).messages
    assert list(messages) == [NoticeMessage(NoticeKind.DOUBT, "health-1")]


def tampered(signer: Signer, how: str) -> Knock:
    good = webhook(signer, [change()])
    signature = {
        "none": "",
        "no base64": "###",
        "not ascii": "é\ud800",
        "short": base64.b64encode(b"\x01\x02\x03").decode(),
        "prefix only": good.headers["X-HEALTHAPI-SIGNATURE"][:8],
        "another version": signer.sign(good.body, version=0),
        "another key id": signer.sign(good.body, key_id=5),
        "another body": signer.sign(b"[]"),
        "another key": Signer(signer.webhook_id).sign(good.body),
        "no signature": base64.b64encode(
            b"\x01" + signer.webhook_id.to_bytes(4, "big") + b"junk"
        ).decode(),
    }[how]
    return Knock("POST", {**good.headers, "X-HEALTHAPI-SIGNATURE": signature}, {}, good.body)


@pytest.mark.parametrize(
    "how",
    [
        *("none", "no base64", "not ascii", "short", "prefix only", "another version"),
        *("another key id", "another body", "another key", "no signature"),
    ],
)
def test_what_google_did_not_sign_is_refused(
    google: WearableProvider, signer: Signer, how: str
) -> None:
    assert refused(google, tampered(signer, how)) is None


@pytest.mark.parametrize("secret", ["", "Bearer", SECRET.lower(), SECRET + " ", "\ud800"])
def test_google_s_signature_alone_is_not_enough(
    google: WearableProvider, signer: Signer, maker: StandIn, secret: str
) -> None:
    """The same keys sign for every application that there is."""
    assert refused(google, webhook(signer, [change()], secret=secret)) is None
    assert maker.calls == []


@pytest.mark.parametrize(
    "said",
    [
        *GARBAGE.values(),
        [change(user="")],
        [change(user=None)],
        [change(user=True)],
        [change(user="h\x00")],
        [change(user="\ud800")],
        [change(user="h" * 300)],
        [{"data": {"operation": "DELETE"}}],
        [{"data": {"healthUserId": "health-1"}}],
        [{"data": [change()]}],
        [change(), 1],
        [change(user=str(number)) for number in range(1001)],
    ],
)
def test_what_is_signed_and_says_nothing_is_malformed(
    google: WearableProvider, signer: Signer, said: Any
) -> None:
    with pytest.raises(MalformedNoticeError):
        google.hear(webhook(signer, said))


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
@pytest.mark.parametrize("headers", [{}, {"Authorization": SECRET}])
def test_garbage_is_refused(google: WearableProvider, body: bytes, headers: dict[str, str]) -> None:
    assert refused(google, Knock("POST", headers, {}, body)) is None


# Through the door


def test_through_the_hook(db: None, maker: StandIn, signer: Signer) -> None:
    added = clients.add(
        "GOOGLE", client_id=CLIENT_ID, client_secret="s", notice_secret=SECRET, simulated=True
    )
    test, said = b'{"type": "verification"}', webhook(signer, [change()])
    assert send(added.notice_url, test, {"Authorization": SECRET}) == 201
    assert send(added.notice_url, test) == 401
    assert send(added.notice_url, said.body, dict(said.headers)) == 204
    assert send(added.notice_url, said.body, {"Authorization": SECRET}) == 401
    told = Notice.objects.values_list("kind", "provider_user_id")
    assert list(told) == [("doubt", "health-1")]


def test_through_the_hook_without_keys(db: None, maker: StandIn, signer: Signer) -> None:
    added = clients.add(
        "GOOGLE", client_id=CLIENT_ID, client_secret="s", notice_secret=SECRET, simulated=True
    )
    maker.set(KEYSET, {}, status=500)
    said = webhook(signer, [change()])
    assert send(added.notice_url, said.body, dict(said.headers)) == 503
    assert not Notice.objects.exists()
