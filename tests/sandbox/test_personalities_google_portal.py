import time
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from connections.providers.answers import Failure, NoticeKind, Probe, ProviderError

from .company import NoticeServer, Received, wait_until
from .google import REVOKED, SECRET, SLEEP, Google, in_project
from .portal import Meeting, held, redirect_uri
from .process import Sandbox


@pytest.fixture
def meeting(sandbox: Sandbox, notices: NoticeServer, settings: Settings) -> Meeting:
    sandbox.control("PATCH", "dials", {"notices": "once"})
    registered = in_project(
        sandbox,
        notice_url=notices.url,
        notice_secret=SECRET,
        redirect_uri=redirect_uri("google"),
    )
    return Meeting(registered, notices, settings, "GOOGLE")


def test_the_module_walks_the_whole_way(meeting: Meeting) -> None:
    provider, first = meeting.provider(), meeting.connect()
    assert first.provider_user_id == meeting.app.account_id
    assert first.alternate_id.isdigit()
    assert first.scopes == sorted(provider.get_default_scope())
    second = provider.refresh(held(first))
    assert (second.refresh_token, second.scopes) == ("", first.scopes)
    assert provider.probe(held(first)) is provider.probe(held(second)) is Probe.ALIVE
    provider.revoke(held(first))
    assert provider.probe(held(first)) is provider.probe(held(second)) is Probe.DEAD
    with pytest.raises(ProviderError) as refused:
        provider.refresh(held(first))
    assert refused.value.failure is Failure.INVALID_GRANT
    provider.revoke(held(first))


def test_the_module_hears_of_a_revocation(meeting: Meeting, notices: NoticeServer) -> None:
    tokens = meeting.connect(SLEEP)
    assert tokens.scopes == [SLEEP]
    meeting.app.press_revoke()
    wait_until(lambda: len(meeting.heard) == 2)
    by_name = {message.alternate_id: message for message in meeting.heard}
    event, change = by_name[tokens.alternate_id], by_name[""]
    assert event.kind is NoticeKind.REVOKED
    assert event.occurred_at is not None
    assert abs(time.time() - event.occurred_at.timestamp()) < 60
    assert (change.kind, change.provider_user_id) == (NoticeKind.DOUBT, tokens.provider_user_id)


def test_the_module_takes_google_s_test(meeting: Meeting) -> None:
    assert isinstance(meeting.app, Google)
    assert meeting.app.verify() is True
    app = meeting.app
    unknown = in_project(app.sandbox, notice_url=app.notice_url, notice_secret="Bearer unknown")
    assert unknown.verify() is False


def test_the_module_believes_no_forgery(meeting: Meeting, notices: NoticeServer) -> None:
    tokens = meeting.connect(SLEEP)
    other = in_project(meeting.app.sandbox, notice_secret="Bearer another")
    data = {"healthUserId": tokens.provider_user_id, "operation": "DELETE"}
    event = {
        "iss": "https://accounts.google.com/",
        "iat": int(time.time()),
        "events": {REVOKED: {"subject": {"sub": tokens.alternate_id}}},
    }
    forged = {"client_id": meeting.app.client_id, "body": [{"data": data}]}
    made_out = {**forged, "body": event, "content_type": "application/secevent+jwt"}
    assert isinstance(meeting.app, Google)
    assert meeting.app.verify()
    answers: list[int] = []

    def taken(received: Received) -> int:
        answers.append(meeting.hear(received))
        return 200  # so that nothing comes again

    notices.answer = taken
    ways: list[tuple[dict[str, Any], int]] = [
        ({**forged, "signature": "wrong"}, 401),
        ({**forged, "in_name_of": other.client_id}, 401),
        ({**made_out, "signature": "wrong"}, 400),
        ({**made_out, "in_name_of": other.client_id}, 400),
        (forged, 204),
        (made_out, 202),
    ]
    for number, (way, status) in enumerate(ways, start=1):
        meeting.app.sandbox.control("POST", "notices/forge", way)
        wait_until(lambda: len(answers) == number)  # noqa: B023 - called at once
        assert answers[-1] == status
    assert [one.kind for one in meeting.heard] == [NoticeKind.DOUBT, NoticeKind.REVOKED]


def test_the_module_tells_a_wrong_secret_from_a_lost_grant(meeting: Meeting) -> None:
    tokens = meeting.connect(SLEEP)
    meeting.app.secret = "wrong"
    with pytest.raises(ProviderError) as refused:
        meeting.provider().refresh(held(tokens))
    assert refused.value.failure is Failure.INVALID_CLIENT
