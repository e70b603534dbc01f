"""The company asks for the provider's own address by API; the person never sees a link."""

import re
from uuid import uuid4

import httpx
import pytest

from connections.models import Connection
from tests.sandbox.company import query, wait_until
from tests.story.stage import FAILURE, SUCCESS, Person, Stage

pytestmark = pytest.mark.usefixtures("worker")


def asked(stage: Stage) -> tuple[str, httpx.Response]:
    """The reserved id, and the answer as one that sends the browser to the provider."""
    answer = stage.a.api(
        "POST",
        "/auth/authenticateUser",
        params={"resource": "SANDBOX"},
        json={
            "reference_id": "alder-1",
            "auth_success_redirect_url": SUCCESS,
            "auth_failure_redirect_url": FAILURE,
        },
    )
    assert answer.status_code == 200, answer.text
    sent = httpx.Response(302, headers={"Location": answer.json()["auth_url"]})
    return answer.json()["user_id"], sent


def answered(person: Person, page: httpx.Response, answer: str) -> httpx.Response:
    """Presses a button of the page that asks for a confirmation."""
    action = re.search(r'action="([^"]*/confirm/[^"]*)"', page.text)
    token = re.search(r'name="confirm_token" value="([^"]+)"', page.text)
    assert action, page.text
    assert token, page.text
    where = str(page.url.join(action[1]))
    return person.browser.post(where, data={"confirm_token": token[1], "answer": answer})


def test_the_person_confirms_and_is_the_reserved_user(stage: Stage) -> None:
    user_id, sent = asked(stage)
    unknown = stage.a.user(str(uuid4()))
    assert (stage.a.user(user_id).status_code, stage.a.user(user_id).text) == (404, unknown.text)

    page = stage.person.browser.get(stage.person.decide(sent))

    assert page.status_code == 200
    assert stage.world.alder.company.name in page.text
    assert not Connection.objects.exists()
    landed = answered(stage.person, page, "yes")
    assert landed.status_code == 302, landed.text
    assert landed.headers["Location"].startswith(SUCCESS.partition("?")[0])
    assert query(landed.headers["Location"]) == {
        "from": "mail",
        "user_id": user_id,
        "resource": "SANDBOX",
        "reference_id": "alder-1",
    }
    (told,) = stage.a.hears("auth")
    assert (told["user"]["user_id"], told["user"]["reference_id"]) == (user_id, "alder-1")
    known = stage.a.user(user_id).json()
    assert (known["is_authenticated"], known["user"]["active"]) == (True, True)
    assert stage.a.users() == {user_id}
    assert stage.b.kinds() == []


@pytest.mark.parametrize("refusal", ["at the provider", "at the confirmation"])
def test_the_person_refuses_and_the_id_is_nobodys(stage: Stage, refusal: str) -> None:
    user_id, sent = asked(stage)

    if refusal == "at the provider":
        landed = stage.person.browser.get(stage.person.decide(sent, "deny"))
        reason = "access_denied"
    else:
        page = stage.person.browser.get(stage.person.decide(sent))
        landed = answered(stage.person, page, "no")
        reason = "not_confirmed"
        wait_until(lambda: stage.consents() == [])

    assert stage.person.fails(landed)["reason"] == reason
    (told,) = stage.a.hears("auth_cancelled")
    assert (told["reason"], told["reference_id"]) == (reason, "alder-1")
    assert stage.a.user(user_id).status_code == 404
    assert not Connection.objects.exists()


def test_whoever_reads_the_address_along_connects_nobody_unasked(stage: Stage) -> None:
    """The page that asks is shown once: a copy of the callback learns nothing."""
    _, sent = asked(stage)
    callback = stage.person.decide(sent)
    page = stage.person.browser.get(callback)

    copy = Person(stage.world).browser.get(callback)

    assert copy.status_code == 400
    assert "confirm_token" not in copy.text
    assert answered(stage.person, page, "yes").status_code == 302
    assert stage.a.hears("auth")
