"""Google's security events: what each is worth, and tokens that somebody made up."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from connections import clients, notices
from connections.models import Grant, Notice
from connections.providers import WearableProvider
from connections.providers.answers import (
    Knock,
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
    NotVerifiedError,
    Reply,
)
from connections.providers.google_notices import OAUTH, RISC
from tests import cast
from tests.connections.providers import stand_in
from tests.connections.providers.garbage import GARBAGE
from tests.connections.providers.google_signer import CERTIFICATES, CLIENT_ID, CONFIGURATION, Signer
from tests.connections.providers.stand_in import StandIn

SECRET = "Bearer a-secret-of-ours"
SET = "application/secevent+jwt"
IAT = 1_700_000_000
THEN = datetime.fromtimestamp(IAT, UTC)


@pytest.fixture
def signer(maker: StandIn) -> Signer:
    made = Signer()
    made.publish(maker)
    return made


@pytest.fixture
def google(signer: Signer) -> WearableProvider:
    return stand_in.simulated("GOOGLE", CLIENT_ID)


def refused(google: WearableProvider, knock: Knock) -> int | None:
    """The status that is asked for; None for the usual one."""
    with pytest.raises(NotVerifiedError) as raised:
        google.hear(knock)
    return raised.value.status


def events(name: str = f"{OAUTH}/tokens-revoked", **subject: Any) -> dict[str, Any]:
    who = {"subject_type": "iss-sub", "iss": "https://accounts.google.com/", "sub": "sub-1"}
    return {name: {"subject": {**who, **subject}}}


def claims(**more: Any) -> dict[str, Any]:
    usual = {"iss": "https://accounts.google.com/", "aud": CLIENT_ID, "iat": IAT, "jti": "j1"}
    return {**usual, "events": events(), **more}


def knock(token: bytes, content_type: str = SET) -> Knock:
    return Knock("POST", {"Content-Type": content_type}, {}, token)


def hear(google: WearableProvider, signer: Signer, **more: Any) -> Reply:
    return google.hear(knock(signer.event_token(claims(**more))))


def test_all_tokens_revoked_ends_the_account_at_its_time(
    google: WearableProvider, maker: StandIn, signer: Signer
) -> None:
    reply = hear(google, signer)
    assert reply.status == 202
    assert list(reply.messages) == [
        NoticeMessage(NoticeKind.REVOKED, alternate_id="sub-1", occurred_at=THEN)
    ]
    assert maker.asked() == [CONFIGURATION, CERTIFICATES]
    hear(google, signer)
    assert len(maker.calls) == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"{OAUTH}/tokens-revoked", NoticeKind.REVOKED),
        (f"{RISC}/account-purged", NoticeKind.REVOKED),
        (f"{OAUTH}/token-revoked", NoticeKind.DOUBT),
        (f"{RISC}/account-disabled", NoticeKind.DOUBT),
        (f"{RISC}/sessions-revoked", NoticeKind.DOUBT),
        (f"{RISC}/account-credential-change-required", NoticeKind.DOUBT),
        (f"{RISC}/account-enabled", None),
        (f"{RISC}/verification", None),
        (f"{RISC}/tokens-revoked", None),
        ("made-up", None),
    ],
)
def test_what_each_event_is_worth(
    google: WearableProvider, signer: Signer, name: str, kind: NoticeKind | None
) -> None:
    messages = hear(google, signer, events=events(name)).messages
    assert [message.kind for message in messages] == ([kind] if kind else [])


@pytest.mark.parametrize(
    "said",
    [
        {f"{RISC}/verification": {"state": "anything"}},
        {f"{RISC}/verification": None},
        {},
        {
            f"{OAUTH}/token-revoked": {
                "subject": {
                    "subject_type": "oauth_token",
                    "token_type": "refresh_token",
                    "token_identifier_alg": "prefix",
                    "token": "1//0abcdefghijkl",
                }
            }
        },
        events(iss="https://somebody.example/"),
        events(sub=None),
        events(sub=""),
        events(sub=["sub-1"]),
    ],
)
def test_what_names_nobody_is_taken_and_says_nothing(
    google: WearableProvider, signer: Signer, said: Any
) -> None:
    reply = hear(google, signer, events=said)
    assert (reply.status, list(reply.messages)) == (202, [])


@pytest.mark.parametrize(
    "more",
    [
        {"aud": [CLIENT_ID, "another"]},
        {"iss": "https://accounts.google.com"},
        {"exp": IAT - 1000},
        {"toe": IAT},
        {"iat": IAT + 0.0},
    ],
)
def test_what_a_good_token_may_look_like(
    google: WearableProvider, signer: Signer, more: dict[str, Any]
) -> None:
    (message,) = hear(google, signer, **more).messages
    assert (message.alternate_id, message.occurred_at) == ("sub-1", THEN)


def test_an_event_s_own_time_comes_before_the_token_s(
    google: WearableProvider, signer: Signer
) -> None:
    (message,) = hear(google, signer, toe=IAT - 60).messages
    assert message.occurred_at == THEN - timedelta(minutes=1)


def test_a_token_may_come_from_a_clock_ahead_of_ours(
    google: WearableProvider, signer: Signer
) -> None:
    ahead = int(datetime.now(UTC).timestamp()) + 120
    assert len(hear(google, signer, iat=ahead).messages) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"aud": "another-client"},
        {"aud": [f"x{CLIENT_ID}"]},
        {"aud": 7},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": "https://accounts.google.com.evil.example"},
        {"iss": None},
        {"iat": None},
        {"nbf": "soon"},
        {"jti": 5},
    ],
)
def test_a_token_for_somebody_else_is_refused_with_400(
    google: WearableProvider, signer: Signer, more: dict[str, Any]
) -> None:
    assert refused(google, knock(signer.event_token(claims(**more)))) == 400


def forged(signer: Signer, how: str) -> bytes:
    header, payload, signature = signer.event_token(claims()).split(b".")
    modulus = str(signer.event.public_key().public_numbers().n)
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    digest = jwt.encode(claims(), modulus, algorithm="HS256", headers={"kid": signer.event_id})

    def headed(**more: Any) -> bytes:
        return _segment({"alg": "RS256", "kid": signer.event_id, **more})

    return {
        "another key": Signer(event=another).event_token(claims()),
        "an unknown key id": signer.event_token(claims(), kid="made-up"),
        "a keyed digest": digest.encode(),
        "another payload": b".".join([header, _segment(claims(jti="j2")), signature]),
        "no signature": b".".join([header, payload, b""]),
        "two parts": b".".join([header, payload]),
        "no key id": b".".join([_segment({"alg": "RS256"}), payload, signature]),
        "a number for a key id": b".".join([headed(kid=1), payload, signature]),
        "no algorithm": b".".join([headed(alg="none"), payload, b""]),
        "detached": b".".join([headed(b64=False), b"", signature]),
        "critical": b".".join([headed(crit=["x"]), payload, signature]),
        "a list": b".".join([_segment([]), payload, signature]),
        "a deep header": b".".join([_deep(), payload, signature]),
        "bytes": b"\x00\xff.\x00.\xff",
        "surrogates": "\ud800".encode("utf-8", "surrogatepass"),
    }[how]


def _segment(said: Any) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")


def _deep() -> bytes:
    return base64.urlsafe_b64encode(b"[" * 90_000).rstrip(b"=")


@pytest.mark.parametrize(
    "how",
    [
        *("another key", "an unknown key id", "no key id", "a number for a key id"),
        *("no algorithm", "a keyed digest", "another payload", "no signature", "two parts"),
        *("a deep header", "detached", "critical", "a list", "bytes", "surrogates"),
    ],
)
def test_a_forged_token_is_refused_with_400(
    google: WearableProvider, signer: Signer, how: str
) -> None:
    assert refused(google, knock(forged(signer, how))) == 400


@pytest.mark.parametrize(
    "more",
    [
        {"events": None},
        {"events": []},
        {"events": "word"},
        {"events": {f"{OAUTH}/tokens-revoked": None}},
        {"events": {f"{OAUTH}/tokens-revoked": []}},
        {"events": {f"{OAUTH}/tokens-revoked": {"subject": "sub-1"}}},
        {"events": {f"{OAUTH}/tokens-revoked": {}}},
        {"events": events(sub="s\x00")},
        {"events": events(sub="\ud800")},
        {"events": events(sub="s" * 300)},
        {"events": events(sub=10**1000)},
        {"iat": "1700000000"},
        {"iat": True},
        {"iat": 1e300},
        {"iat": float("nan")},
        {"iat": float("inf")},
        {"iat": -(10**15)},
        {"iat": [IAT]},
    ],
)
def test_a_good_token_that_says_nonsense_is_malformed(
    google: WearableProvider, signer: Signer, more: dict[str, Any]
) -> None:
    with pytest.raises(MalformedNoticeError):
        hear(google, signer, **more)


def test_a_token_without_events_is_malformed(google: WearableProvider, signer: Signer) -> None:
    said = claims()
    del said["events"]
    with pytest.raises(MalformedNoticeError):
        google.hear(knock(signer.event_token(said)))


@pytest.mark.parametrize("page", [CONFIGURATION, CERTIFICATES])
@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {}), (404, {}), (200, b"<html>"), (200, {}), (200, {"keys": [{}], "jwks_uri": 7})],
)
def test_without_google_s_certificates_the_event_is_to_come_again(
    google: WearableProvider, maker: StandIn, signer: Signer, page: str, status: int, body: Any
) -> None:
    maker.set(page, body, status=status)
    assert refused(google, knock(signer.event_token(claims()))) == 503


def test_a_weak_key_is_no_key(google: WearableProvider, maker: StandIn) -> None:
    weak = Signer(event=rsa.generate_private_key(public_exponent=65537, key_size=1024))
    weak.publish(maker)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = weak.event_token(claims())
    assert refused(google, knock(token)) == 400


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_refused_with_400(google: WearableProvider, body: bytes) -> None:
    assert refused(google, knock(body)) == 400


@pytest.mark.parametrize("content_type", [f"{SET}; charset=utf-8", SET.upper()])
def test_what_kind_of_notice_it_is_stands_in_the_header(
    google: WearableProvider, signer: Signer, content_type: str
) -> None:
    token = signer.event_token(claims())
    assert google.hear(knock(token, content_type)).status == 202
    assert refused(google, knock(token, "application/json")) is None


def test_through_the_hook(db: None, maker: StandIn, signer: Signer) -> None:
    added = clients.add("GOOGLE", client_id=CLIENT_ID, client_secret="s", simulated=True)
    assert added.client.revoke_group == "123456789"
    path = "/" + added.notice_url.split("/", 3)[3]

    def status(token: bytes) -> int:
        return Client().post(path, token, content_type=SET).status_code

    assert status(forged(signer, "an unknown key id")) == 400
    assert status(signer.event_token(claims())) == 202
    assert status(signer.event_token(claims(events=events(f"{RISC}/verification")))) == 202
    told = Notice.objects.values_list("kind", "alternate_id", "occurred_at")
    assert list(told) == [("revoked", "sub-1", THEN)]


@pytest.mark.parametrize(
    ("authorised", "ended"), [(THEN - timedelta(hours=1), True), (THEN + timedelta(hours=1), False)]
)
def test_it_ends_the_account_of_that_name_where_it_is_news(
    db: None, maker: StandIn, signer: Signer, authorised: datetime, ended: bool
) -> None:
    added = clients.add("GOOGLE", client_id=CLIENT_ID, client_secret="s", simulated=True)
    environment = cast.company().environments["testing"]
    mine, other = (
        cast.connection(environment, on=cast.grant(added.client, account=account))
        for account in ("health-1", "health-2")
    )
    Grant.objects.filter(pk=mine.grant_id).update(alternate_id="sub-1", authorised_at=authorised)
    notices.receive(added.client, knock(signer.event_token(claims())))
    notices.sweep()
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.is_active, other.is_active) == (not ended, True)
    assert Grant.objects.get(pk=mine.grant_id).doubted is not ended
