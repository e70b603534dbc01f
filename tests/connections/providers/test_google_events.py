"""Google's security events: what each is worth, and what a good token may say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from connections import clients, notices
from connections.models import Grant, Notice
from connections.providers import WearableProvider
from connections.providers.answers import (
    MalformedNoticeError,
    NoticeKind,
    NoticeMessage,
)
from connections.providers.google_notices import OAUTH, RISC
from tests import cast
from tests.connections.providers import stand_in
from tests.connections.providers.google_sets import (
    IAT,
    SET,
    THEN,
    claims,
    events,
    hear,
    knock,
    refused,
)
from tests.connections.providers.google_signer import CERTIFICATES, CLIENT_ID, CONFIGURATION, Signer
from tests.connections.providers.stand_in import StandIn


@pytest.fixture
def signer(maker: StandIn) -> Signer:
    made = Signer()
    made.publish(maker)
    return made


@pytest.fixture
def google(signer: Signer) -> WearableProvider:
    return stand_in.simulated("GOOGLE", CLIENT_ID)


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

    assert status(signer.event_token(claims(), kid="made-up")) == 400
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
