"""The main job, step by step, over HTTP."""

import re
import time
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client

from connections import tokens
from connections.models import Connection, Grant
from connections.states import GrantState
from tests.sandbox.company import wait_until
from tests.story.stage import Company, Person, Stage, eventually

pytestmark = pytest.mark.usefixtures("worker")


def test_one_account_two_companies(stage: Stage) -> None:
    """Steps 1 and 2."""
    landed = stage.person.arrives(stage.a.link("alder-1"))
    at_a = landed.pop("user_id")
    assert landed == {"from": "mail", "resource": "SANDBOX", "reference_id": "alder-1"}
    landed = stage.person.arrives(stage.b.link(None))
    at_b = landed.pop("user_id")
    assert landed == {"from": "mail", "resource": "SANDBOX", "reference_id": "null"}
    assert at_a != at_b

    assert (stage.a.users(), stage.b.users()) == ({at_a}, {at_b})
    foreign, unknown = stage.a.user(at_b), stage.a.user(str(uuid4()))
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.text == unknown.text
    assert stage.a.deauthenticate(at_b).status_code == 404

    (told,) = stage.a.hears("auth")
    assert told["user"]["user_id"] == at_a
    assert told["user"]["reference_id"] == "alder-1"
    (told,) = stage.b.hears("auth")
    assert told["user"]["user_id"] == at_b
    assert_nothing_of_the_other(stage, at_a, at_b)


def assert_nothing_of_the_other(stage: Stage, at_a: str, at_b: str) -> None:
    assert at_b not in stage.a.seen()
    assert "birch" not in stage.a.seen().casefold()
    assert at_a not in stage.b.seen()
    assert "alder" not in stage.b.seen().casefold()


def both(stage: Stage) -> tuple[str, str]:
    at_a = stage.person.arrives(stage.a.link("alder-1"))["user_id"]
    at_b = stage.person.arrives(stage.b.link("birch-1"))["user_id"]
    stage.a.hears("auth")
    stage.b.hears("auth")
    return at_a, at_b


@pytest.mark.parametrize("door", ["api", "dashboard"])
def test_disconnected_at_a_and_b_notices_nothing(stage: Stage, door: str) -> None:
    """Step 3."""
    at_a, at_b = both(stage)

    if door == "api":
        assert stage.a.deauthenticate(at_a).status_code == 200
    else:
        press_disconnect(stage, stage.a, at_a)

    _, told = stage.a.hears("auth", "deauth")
    assert told["user"]["user_id"] == at_a
    assert stage.log(stage.a) == [(UUID(at_a), "disconnected", door)]
    assert stage.a.deauthenticate(at_a).status_code == 404
    ended = stage.a.user(at_a)
    assert ended.status_code == 200
    assert ended.json()["is_authenticated"] is False
    assert ended.json()["user"]["active"] is False
    assert stage.a.users() == set()

    assert stage.b.users() == {at_b}
    assert stage.b.user(at_b).json()["user"]["active"] is True
    assert stage.b.kinds() == ["auth"]
    assert stage.log(stage.b) == []
    grant = Connection.objects.get(pk=at_b).grant
    assert stage.world.is_alive(tokens.fresh(grant.pk))
    assert stage.world.calls("revoke") == []
    assert_nothing_of_the_other(stage, at_a, at_b)


def press_disconnect(stage: Stage, company: Company, user_id: str) -> None:
    """The owner, signed in, presses the button on the user's page."""
    owner = company.made.company.memberships.get().user
    signed_in = Client()
    signed_in.force_login(owner)
    name = settings.SESSION_COOKIE_NAME
    browser = Person(stage.world).browser
    browser.cookies.set(name, signed_in.cookies[name].value)
    slug = company.made.company.slug
    page = browser.get(f"{stage.portal}/c/{slug}/testing/users/{user_id}/")
    assert page.status_code == 200, page.text
    company.read.append(page.text)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    pressed = browser.post(
        f"{page.url}disconnect/",
        data={"csrfmiddlewaretoken": token[1]},
        headers={"Referer": str(page.url)},
    )
    assert pressed.status_code in {200, 302}, pressed.text


def test_the_person_comes_back(stage: Stage) -> None:
    """Step 4."""
    first = stage.person.arrives(stage.a.link("r"))["user_id"]
    stage.a.deauthenticate(first)
    second = stage.person.arrives(stage.a.link("r"))["user_id"]
    assert second != first
    stage.a.hears("auth", "deauth", "auth")

    third = stage.person.arrives(stage.a.link("r"))["user_id"]
    stage.a.hears("auth", "deauth", "auth", "auth", "user_reauth")
    (told,) = stage.a.arrived("user_reauth")
    assert (told["old_user"]["user_id"], told["new_user"]["user_id"]) == (second, third)
    assert stage.log(stage.a)[-1] == (UUID(second), "replaced", "reconnect")
    assert stage.a.users() == {third}

    other = stage.person.arrives(stage.a.link("another"))["user_id"]
    assert stage.a.users() == {third, other}
    stage.a.hears("auth", "deauth", "auth", "auth", "user_reauth", "auth")


def test_the_person_revokes_at_the_wearable(stage: Stage) -> None:
    """Step 5."""
    at_a, at_b = both(stage)

    began = time.monotonic()
    stage.world.sandbox.control("POST", "revoke", {"account": stage.world.account})
    for company, user_id in ((stage.a, at_a), (stage.b, at_b)):
        _, told = company.hears("auth", "access_revoked")
        assert told["user"]["user_id"] == user_id
        assert stage.log(company) == [(UUID(user_id), "revoked", "notice")]
        assert company.users() == set()
    assert time.monotonic() - began < 5

    # The provider says it again, late; nothing follows.
    wait_until(lambda: all(sent["done"] for sent in sendings(stage)))
    time.sleep(0.5)
    assert stage.a.kinds() == stage.b.kinds() == ["access_revoked", "auth"]
    assert_nothing_of_the_other(stage, at_a, at_b)


def sendings(stage: Stage) -> list[dict[str, object]]:
    listed = stage.world.sandbox.control("GET", "notices")
    mine = [one for one in listed if one["client_id"] == stage.world.client.client_id]
    assert mine
    return [sent for one in mine for sent in one["sendings"]]


def test_the_last_one_leaves(stage: Stage) -> None:
    """Step 6."""
    at_a, at_b = both(stage)
    stage.a.deauthenticate(at_a)
    stage.a.hears("auth", "deauth")
    assert len(stage.consents()) == 1

    stage.b.deauthenticate(at_b)
    wait_until(lambda: stage.consents() == [])
    ended = eventually(lambda: Grant.objects.filter(state=GrantState.ENDED).first())
    assert ended is not None
    assert (ended.access_token, ended.refresh_token, ended.rivals) == ("", "", "")
    assert len(stage.world.calls("revoke")) == 1

    wait_until(lambda: all(sent["done"] for sent in sendings(stage)))
    assert stage.a.kinds() == stage.b.kinds() == ["auth", "deauth"]
