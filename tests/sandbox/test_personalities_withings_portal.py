import pytest
from pytest_django.fixtures import Settings

from connections.providers.answers import Failure, NoticeKind, NoticeMessage, Probe, ProviderError

from .company import NoticeServer, wait_until
from .portal import Meeting, held, redirect_uri
from .process import Sandbox
from .withings import (
    Withings,
)


@pytest.fixture
def meeting(sandbox: Sandbox, notices: NoticeServer, settings: Settings) -> Meeting:
    sandbox.control("PATCH", "dials", {"notices": "once"})
    registered = Withings(sandbox, "withings", notices.url, redirect_uri=redirect_uri("withings"))
    return Meeting(registered, notices, settings, "WITHINGS")


def test_the_module_walks_the_whole_way(meeting: Meeting) -> None:
    provider, first = meeting.provider(), meeting.connect()
    assert first.provider_user_id == meeting.app.account_id
    assert first.scopes == sorted(provider.get_default_scope())
    second = provider.refresh(held(first))
    assert second.refresh_token not in ("", first.refresh_token)
    assert second.provider_user_id == first.provider_user_id
    assert provider.probe(held(second)) is Probe.ALIVE
    provider.revoke(held(second))
    assert provider.probe(held(second)) is Probe.DEAD
    with pytest.raises(ProviderError) as refused:
        provider.refresh(held(second))
    assert refused.value.failure is Failure.INVALID_GRANT
    provider.revoke(held(second))


def test_the_module_hears_of_the_consent_that_it_subscribed(
    meeting: Meeting, notices: NoticeServer
) -> None:
    provider, tokens = meeting.provider(), meeting.connect("user.metrics")
    assert tokens.scopes == ["user.info", "user.metrics"]
    for number in (1, 2, 2):
        provider.subscribe(held(tokens), number)
    assert notices.tests == [{"authorisation_number": "1"}, {"authorisation_number": "2"}]
    assert meeting.app.press_revoke() == 1
    wait_until(lambda: len(meeting.heard) == 1)
    assert meeting.heard == [
        NoticeMessage(NoticeKind.DOUBT, tokens.provider_user_id, authorisation_number=2)
    ]


def test_the_module_takes_an_update_for_nothing(meeting: Meeting, notices: NoticeServer) -> None:
    meeting.provider().subscribe(held(meeting.connect()), 1)
    asked = {"account": meeting.app.account, "client_id": meeting.app.client_id}
    assert meeting.app.sandbox.control("POST", "news", asked) == {"told": 1}
    wait_until(lambda: meeting.app.sendings() == [(1, True)])
    assert meeting.heard == []


@pytest.mark.parametrize(
    ("dial", "failure"),
    [
        ("invalid_client", Failure.INVALID_CLIENT),
        ("invalid_grant", Failure.INVALID_GRANT),
        ("429", Failure.UNAVAILABLE),
        ("410", Failure.RETIRED),
        ("403", Failure.UNUSABLE),
    ],
)
def test_the_module_reads_refusals(meeting: Meeting, dial: str, failure: Failure) -> None:
    tokens = meeting.connect()
    meeting.app.dial(token_answer=dial)
    with pytest.raises(ProviderError) as refused:
        meeting.provider().refresh(held(tokens))
    assert refused.value.failure is failure


def test_the_module_tells_a_wrong_secret_from_a_lost_grant(meeting: Meeting) -> None:
    tokens = meeting.connect()
    meeting.app.secret = "wrong"
    with pytest.raises(ProviderError) as refused:
        meeting.provider().refresh(held(tokens))
    assert refused.value.failure is Failure.INVALID_CLIENT
    meeting.app.client_id = "nobody's"
    with pytest.raises(ProviderError) as refused:
        meeting.provider().revoke(held(tokens))
    assert refused.value.failure is Failure.INVALID_CLIENT
