"""Step 7: whatever goes wrong, the person reads one sentence and the company learns the reason."""

import httpx
import pytest

from connections.models import ConnectAttempt, Connection, ConnectSession, Grant
from connections.states import GrantState
from terra_portal import clock
from tests.story.stage import Person, Stage, eventually

pytestmark = pytest.mark.usefixtures("worker")
NO_ADDRESS = {"auth_success_redirect_url": None, "auth_failure_redirect_url": None}


def assert_told_why(stage: Stage, reason: str, reference_id: str = "r") -> None:
    (told,) = stage.a.hears("auth_cancelled")
    assert (told["reason"], told["reference_id"]) == (reason, reference_id)


def assert_nothing_is_half_written() -> None:
    assert not Connection.objects.exists()
    assert all(not grant.access_token for grant in Grant.objects.all())
    assert not ConnectAttempt.objects.filter(finished_at=None).exists()


@pytest.mark.parametrize("addresses", [True, False])
def test_denied(stage: Stage, addresses: bool) -> None:
    link = stage.a.link("r") if addresses else stage.a.link("r", **NO_ADDRESS)
    landed = stage.person.connect(link, "deny")

    if addresses:
        assert stage.person.fails(landed) == {
            "from": "mail",
            "resource": "SANDBOX",
            "reference_id": "r",
            "reason": "access_denied",
        }
    else:
        assert landed.status_code == 200
        assert "You did not give access" in landed.text
    assert_told_why(stage, "access_denied")
    assert_nothing_is_half_written()


def test_connected_without_addresses(stage: Stage) -> None:
    landed = stage.person.connect(stage.a.link("r", **NO_ADDRESS))
    assert landed.status_code == 200
    stage.a.hears("auth")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("500", "provider_unavailable"),
        ("503", "provider_unavailable"),
        ("429", "provider_unavailable"),
        ("drop", "provider_unavailable"),
        ("slow:5", "provider_unavailable"),
        ("410", "provider_retired"),
        ("html", "provider_error"),
        ("garbage", "provider_error"),
        ("empty", "provider_error"),
        ("redirect", "provider_error"),
        ("huge", "provider_error"),
        ("invalid_client", "provider_error"),
        ("invalid_grant", "provider_error"),
    ],
)
def test_a_provider_on_a_bad_day(stage: Stage, answer: str, reason: str) -> None:
    stage.world.dial(token_answer=answer)
    landed = stage.person.fails(stage.person.connect(stage.a.link("r")))
    assert (landed["reason"], landed["reference_id"]) == (reason, "r")
    assert_told_why(stage, reason)
    assert_nothing_is_half_written()


def test_an_expired_link(stage: Stage) -> None:
    link = stage.a.link("r")
    ConnectSession.objects.update(expires_at=clock.now())
    landed = stage.person.fails(stage.person.open(link))
    assert stage.person.open(link).status_code == 302
    assert landed["reason"] == "session_expired"
    assert_told_why(stage, "session_expired")


def test_a_used_link(stage: Stage) -> None:
    link = stage.a.link("r")
    stage.person.arrives(link)
    landed = stage.person.fails(Person(stage.world).open(link))
    assert landed["reason"] == "session_used"
    stage.a.hears("auth", "auth_cancelled")


def test_an_unknown_link(stage: Stage) -> None:
    answer = stage.person.open(f"{stage.portal}/connect/nobody-made-this/")
    assert answer.status_code == 404


def test_a_replayed_callback_repeats_the_first_outcome(stage: Stage) -> None:
    back = stage.person.decide(stage.person.click(stage.a.link("r")))
    first, again = stage.person.browser.get(back), stage.person.browser.get(back)
    assert first.headers["Location"] == again.headers["Location"]
    stage.a.hears("auth")


def test_a_copied_callback_learns_nothing(stage: Stage) -> None:
    back = stage.person.decide(stage.person.click(stage.a.link("r")))
    stage.person.browser.get(back)
    user_id = stage.a.users().pop()
    copy = Person(stage.world).browser.get(back)
    assert copy.status_code == 400
    for secret in (user_id, "Alder", "127.0.0.1:9"):
        assert secret not in copy.text + str(copy.headers)


@pytest.mark.parametrize("change", ["state=wrong", "state=", ""])
def test_a_wrong_state(stage: Stage, change: str) -> None:
    back = httpx.URL(stage.person.decide(stage.person.click(stage.a.link("r"))))
    answer = stage.person.browser.get(f"{back.copy_with(query=None)}?code=x&{change}")
    assert answer.status_code == 400
    assert answer.text
    assert stage.a.kinds() == []
    assert stage.person.browser.get(str(back)).status_code == 302


def test_not_confirmed_in_another_browser(stage: Stage) -> None:
    back = stage.person.decide(stage.person.click(stage.a.link("r")))
    asked = Person(stage.world).browser.get(back)
    assert asked.status_code == 200
    assert "Alder" in asked.text
    ConnectAttempt.objects.update(expires_at=clock.now())
    assert_told_why(stage, "not_confirmed")
    eventually(lambda: stage.consents() == [])
    eventually(lambda: Grant.objects.get().state == GrantState.ENDED)
    assert_nothing_is_half_written()
