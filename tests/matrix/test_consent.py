"""Connect, deny, and a consent to less than was asked for; over the hosted pages."""

import httpx

from connections import links
from connections.models import Connection, Grant
from connections.states import GrantState
from developers.models import Environment
from terra_portal import clock
from tests.matrix.cases import Case, case
from tests.matrix.wearable import SECOND, Wearable
from tests.story.stage import FAILURE, SUCCESS, Person
from tests.world import work


def link(environment: Environment) -> str:
    """A company sends one to the person."""
    return links.open_session(environment, success_url=SUCCESS, failure_url=FAILURE)[1]


@case(Case.CONNECT)
def test_connect(wearable: Wearable) -> None:
    """One account at two companies: one grant, two users, and the notices are ordered."""
    person = Person(wearable)
    for environment in (wearable.a, wearable.b):
        landed = person.arrives(link(environment))
        assert landed["resource"] == wearable.maker.resource
        user = Connection.objects.for_environment(environment).get()
        assert landed["user_id"] == str(user.pk)
        granted = wearable.at_provider()[-1]["scope"].split()
        assert set(wearable.maker.scope_labels) <= set(user.scopes) <= set(granted)
    work()
    # Where calls have to be far between, the order comes after the look at what has overtaken.
    with wearable.at(clock.now(), wearable.client.probe_slot_at):
        work()

    wearable.assert_both_live()
    grant = wearable.grant()
    assert grant.state == GrantState.ACTIVE
    ids = wearable.sandbox.control("GET", f"accounts/{wearable.account}")["ids"]
    assert grant.provider_user_id == ids[wearable.maker.id]
    assert bool(grant.refresh_token) is wearable.maker.refreshes
    assert wearable.is_alive()
    wearable.seen = f"connected{ordered(wearable)}"


def ordered(wearable: Wearable) -> str:
    """Whom the notices were ordered for, as the module says and the provider has it."""
    assert wearable.grant().subscribed_number == (2 if wearable.maker.subscribes_each else 0)
    assert bool(wearable.client.subscription_id) is wearable.maker.subscribes_once
    if wearable.maker.subscribes_each:
        assert wearable.at_provider("subscriptions")
        return ", notices ordered for the person"
    return ", notices ordered once" if wearable.maker.subscribes_once else ""


@case(Case.DENY)
def test_deny(wearable: Wearable) -> None:
    """Nothing is connected, and whoever was connected before stays so."""
    with clock.shifted(-SECOND):
        wearable.connect(wearable.b)
    person = Person(wearable)

    told = person.fails(person.connect(link(wearable.a), "deny"))

    assert told["reason"] == "access_denied"
    assert wearable.events(wearable.a) == ["auth_cancelled"]
    assert not Connection.objects.for_environment(wearable.a).exists()
    assert wearable.events(wearable.b) == ["auth"]
    assert wearable.is_alive()
    wearable.seen = f"cancelled: `{told['reason']}`"


def came_back(landed: httpx.Response, url: str) -> bool:
    return landed.headers["Location"].startswith(url.partition("?")[0])


@case(Case.PARTIAL)
def test_partial_consent(wearable: Wearable) -> None:
    """A person shares less with B than with A before: it holds for both, and A is told.

    What can be shared at all, the provider decides.
    """
    with clock.shifted(-SECOND):
        wearable.connect(wearable.a)
    asked = sorted(wearable.maker.scope_labels)
    left = asked[: len(asked) - 1]
    person = Person(wearable)

    landed = person.connect(link(wearable.b), scopes=left)

    if not left and not came_back(landed, SUCCESS):
        assert person.fails(landed)["reason"] == "access_denied"
        assert wearable.events(wearable.a) == ["auth"]
        wearable.seen = "—: there is one scope; without it the consent is denied"
        return
    assert came_back(landed, SUCCESS)
    granted = wearable.at_provider()[-1]["scope"].split()
    shared = sorted(set(granted) & set(asked))
    for user in Connection.objects.active():
        assert sorted(user.scopes) == shared
    assert sorted(Grant.objects.get().scopes) == shared
    assert wearable.events(wearable.b) == ["auth"]
    if shared == asked:
        assert wearable.events(wearable.a) == ["auth"]
        wearable.seen = "—: all or nothing at this provider"
    else:
        assert shared == left
        assert wearable.events(wearable.a) == ["auth", "permission_change"]
        wearable.seen = "scopes shrink for both, `permission_change`"
