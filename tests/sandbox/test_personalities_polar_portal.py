from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from connections.providers.answers import Failure, Probe, ProviderError, Subscription

from .company import NoticeServer, wait_until
from .polar import Polar
from .portal import Meeting, held, redirect_uri
from .process import Sandbox


@pytest.fixture
def meeting(sandbox: Sandbox, notices: NoticeServer, settings: Settings) -> Meeting:
    sandbox.control("PATCH", "dials", {"notices": "once"})
    registered = Polar(sandbox, "polar", notices.url, redirect_uri=redirect_uri("polar"))
    return Meeting(registered, notices, settings, "POLAR")


def test_the_module_walks_the_whole_way(meeting: Meeting) -> None:
    provider, tokens = meeting.provider(), meeting.connect()
    assert tokens.provider_user_id == meeting.app.account_id
    assert (tokens.refresh_token, tokens.scopes) == ("", None)
    assert provider.probe(held(tokens)) is Probe.ALIVE
    provider.revoke(held(tokens))
    assert provider.probe(held(tokens)) is Probe.DEAD
    provider.revoke(held(tokens))


def test_the_module_welcomes_who_is_registered_already(meeting: Meeting) -> None:
    first, second = meeting.connect(), meeting.connect()
    assert second.provider_user_id == first.provider_user_id
    probe = meeting.provider().probe
    assert (probe(held(first)), probe(held(second))) == (Probe.DEAD, Probe.ALIVE)


def test_a_consent_that_polar_misses_makes_no_grant(meeting: Meeting) -> None:
    meeting.app.dial(subscribe_answer="403")
    with pytest.raises(ProviderError) as refused:
        meeting.connect()
    assert refused.value.failure is Failure.UNUSABLE


def test_a_probe_finds_what_nobody_tells(meeting: Meeting) -> None:
    tokens = meeting.connect()
    assert meeting.app.press_revoke() == 1
    assert meeting.provider().probe(held(tokens)) is Probe.DEAD
    assert meeting.heard == []


def test_a_registration_that_is_gone_proves_nothing(meeting: Meeting) -> None:
    provider, tokens = meeting.provider(), meeting.connect()
    app = meeting.app
    assert isinstance(app, Polar)
    assert app.user({"access_token": tokens.access_token, "x_user_id": app.account_id}, "DELETE").ok
    again = app.connect()
    unregistered = replace(held(tokens), access_token=again["access_token"])
    assert provider.probe(unregistered) is Probe.UNSURE


def test_the_module_orders_the_webhook_and_hears_its_news(
    meeting: Meeting, notices: NoticeServer
) -> None:
    made = meeting.provider().subscribe_application()
    assert made is not None
    knowing = meeting.provider(notice_secret=made.secret)
    assert knowing.subscribe_application() == Subscription(made.id, made.secret)
    anew = meeting.provider().subscribe_application()
    assert anew is not None
    assert anew.id != made.id
    meeting.connect()
    meeting.app.notice_secret = anew.secret
    asked = {"account": meeting.app.account, "client_id": meeting.app.client_id}
    assert meeting.app.sandbox.control("POST", "news", asked) == {"told": 1}
    wait_until(lambda: meeting.app.sendings() == [(1, True)])
    assert meeting.heard == []


def test_the_module_tells_a_wrong_secret(meeting: Meeting) -> None:
    meeting.app.secret = "wrong"
    with pytest.raises(ProviderError) as refused:
        meeting.provider().subscribe_application()
    assert refused.value.failure is Failure.INVALID_CLIENT
