"""Applications of companies' own: brought, changed, replaced, shared and closed."""

from threading import Event as Signal
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.test import Client

from connections import clients, connect, links, notices, sources, tokens
from connections.models import Connection, Grant, OAuthClient, Source
from connections.states import End
from terra_portal import clock
from terra_portal.errors import InvalidInputError
from tests import cast
from tests.connections.offering import (
    GIVEN,
    Company,
    client,
    deeds,
    offers,
    refused,
    source,
    user_on,
)
from tests.threads import run_together
from tests.world import World, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("three_makers")]


# Own applications


def test_an_own_application_serves_its_environment_alone(a: Company, b: Company) -> None:
    made = sources.bring(a.production, "OWN", notice_secret="code", **GIVEN)
    mine = client()
    assert (mine.owner, mine.simulated, mine.notice_secret) == (a.production, False, "code")
    assert made.redirect_url.endswith("/connect/callback/own/")
    assert made.notice_url.split("/hooks/")[1].startswith("own/")
    assert offers(a.production) == ["OWN"]
    assert offers(a.testing) == offers(b.production) == []
    assert deeds(a.production) == [("source.application_added", "Ownly: our-app")]


def test_blanks_around_what_was_pasted_do_not_count(a: Company) -> None:
    sources.bring(a.testing, "OWN", client_id=" our-app\n", client_secret="\tour-secret ")
    assert client().client_secret == "our-secret"


@pytest.mark.parametrize("wrong", ["", "  ", "a\x00b", "x" * 256])
@pytest.mark.parametrize("field", ["client_id", "client_secret"])
def test_credentials_are_printable_and_not_too_long(a: Company, field: str, wrong: str) -> None:
    assert refused(sources.bring, a.testing, "OWN", **GIVEN | {field: wrong}) == field
    assert not OAuthClient.objects.exists()


def test_production_takes_no_simulated_client(a: Company) -> None:
    assert refused(sources.bring, a.production, "OWN", simulated=True, **GIVEN) == "simulated"
    assert refused(sources.bring, a.production, "SANDBOX", **GIVEN) == "simulated"
    assert refused(sources.bring, a.testing, "ANY", simulated=True, **GIVEN) == "simulated"
    sources.bring(a.testing, "SANDBOX", **GIVEN)
    assert client().simulated
    assert not Source.objects.exclude(environment=a.testing).exists()


def test_a_new_secret_of_the_same_id_changes_in_place(a: Company) -> None:
    sources.bring(a.testing, "OWN", notice_secret="code", **GIVEN)
    before = client()
    OAuthClient.objects.update(rejected_at=clock.now(), rejection_told_at=clock.now())
    sources.bring(a.testing, "OWN", client_id="our-app", client_secret="newer")
    after = client()
    assert (after.pk, after.client_secret, after.notice_secret) == (before.pk, "newer", "code")
    assert (after.rejected_at, after.rejection_told_at) == (None, None)
    assert deeds(a.testing)[-1] == ("source.secret_changed", "Ownly: our-app")


def test_a_new_secret_switches_nothing_on(a: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    sources.switch(a.testing, "OWN", on=False)
    sources.bring(a.testing, "OWN", client_id="our-app", client_secret="newer")
    assert offers(a.testing) == []
    sources.bring(a.testing, "OWN", client_id="second", client_secret="s")
    assert offers(a.testing) == ["OWN"]


def test_an_application_never_turns_simulated(a: Company) -> None:
    sources.bring(a.testing, "OWN", simulated=True, **GIVEN)
    newer = GIVEN | {"client_secret": "newer"}
    assert refused(sources.bring, a.testing, "OWN", simulated=False, **newer) == "simulated"
    sources.bring(a.testing, "OWN", **newer)
    sources.bring(a.testing, "OWN", client_id="second", client_secret="s")
    assert (client().simulated, client("second").simulated) == (True, True)


def test_a_notice_secret_alone_changes_nothing_else(a: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    OAuthClient.objects.update(rejected_at=clock.now())
    sources.bring(a.testing, "OWN", client_id="our-app", notice_secret="code")
    after = client()
    assert (after.client_secret, after.notice_secret) == ("our-secret", "code")
    assert after.rejected_at is not None
    assert refused(sources.bring, a.testing, "OWN", client_id="our-app") == "client_secret"


def test_another_id_is_another_client_and_users_stay_on_the_earlier_one(a: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    earlier = client()
    user = user_on(a.testing, earlier)
    sources.bring(a.testing, "OWN", client_id="next-app", client_secret="s")
    [offer] = clients.offered(a.testing)
    assert offer.oauth_client == client("next-app")
    earlier.refresh_from_db()
    user.refresh_from_db()
    assert (earlier.closed_at, user.is_active, user.grant.oauth_client) == (None, True, earlier)
    assert deeds(a.testing)[-1] == ("source.application_replaced", "Ownly: next-app")


def test_an_earlier_client_is_closed_once_nothing_depends_on_it(a: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    sources.bring(a.testing, "OWN", client_id="second", client_secret="s")
    assert client().closed_at is not None
    link = links.open_session(a.testing)[0]
    attempt = connect.begin(link, "OWN").attempt
    sources.bring(a.testing, "OWN", client_id="third", client_secret="s")
    assert client("second").closed_at is None
    type(attempt).objects.update(finished_at=clock.now())
    sources.bring(a.testing, "OWN", client_id="third", client_secret="t")
    assert client("second").closed_at is not None


def test_an_earlier_client_can_be_taken_again_with_a_secret(a: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    sources.bring(a.testing, "OWN", client_id="second", client_secret="s")
    assert refused(sources.bring, a.testing, "OWN", client_id="our-app") == "client_secret"
    sources.bring(a.testing, "OWN", client_id="our-app", client_secret="newer")
    assert (client().closed_at, client().client_secret) == (None, "newer")
    assert client("second").closed_at is not None
    assert OAuthClient.objects.count() == 2


# Applications that several environments use


def test_attaching_needs_the_same_secret(a: Company, b: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    wrong = GIVEN | {"client_secret": "guess"}
    with pytest.raises(InvalidInputError) as raised:
        sources.bring(b.testing, "OWN", **wrong)
    assert (raised.value.field, raised.value.message) == (
        "client_secret",
        "these credentials cannot be used",
    )
    assert clients.offered(b.testing) == []
    sources.bring(b.testing, "OWN", **GIVEN)
    assert OAuthClient.objects.count() == 1
    assert clients.offered(b.testing)[0].oauth_client.owner == a.testing


def test_only_the_owner_changes_secrets(a: Company, b: Company) -> None:
    sources.bring(a.testing, "OWN", notice_secret="code", **GIVEN)
    sources.bring(b.testing, "OWN", **GIVEN)
    for more in ({"client_secret": "other"}, {"notice_secret": "other"}):
        given = GIVEN | more
        assert refused(sources.bring, b.testing, "OWN", **given) == "client_secret"
    assert (client().client_secret, client().notice_secret) == ("our-secret", "code")
    sources.bring(a.testing, "OWN", client_id="our-app", client_secret="newer")
    assert clients.offered(b.testing)[0].oauth_client.client_secret == "newer"


def test_a_closed_client_of_somebody_else_answers_like_wrong_credentials(
    a: Company, b: Company
) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    sources.close(a.testing, "OWN")
    assert refused(sources.bring, b.testing, "OWN", **GIVEN) == "client_secret"
    assert client().closed_at is not None


def test_who_shares_a_client_leaves_it_open(a: Company, b: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    sources.bring(b.testing, "OWN", **GIVEN)
    sources.close(b.testing, "OWN")
    assert (offers(a.testing), offers(b.testing)) == (["OWN"], [])
    sources.bring(b.testing, "OWN", **GIVEN)
    sources.bring(a.testing, "OWN", client_id="second", client_secret="s")
    assert client().closed_at is None
    sources.close(b.testing, "OWN")
    sources.bring(a.testing, "OWN", client_id="second", client_secret="t")
    assert client().closed_at is not None


# Closing


def test_a_closed_client_begins_nothing_and_is_not_deleted(a: Company) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    sources.choose_data(a.testing, "OWN", scopes=["sleep"], required=["sleep"])
    user = user_on(a.testing, client())
    sources.close(a.testing, "OWN")
    mine = source(a.testing, "OWN")
    assert (mine.oauth_client, mine.enabled, mine.scopes) == (None, False, [])
    assert client().closed_at is not None
    user.refresh_from_db()
    assert user.is_active
    assert offers(a.testing) == []
    assert deeds(a.testing)[-1] == ("source.application_closed", "Ownly: our-app")
    assert refused(sources.close, a.testing, "OWN") == "provider"


def test_after_closing_the_shared_one_waits_to_be_switched_on(a: Company) -> None:
    shared = cast.oauth_client("ANY", simulated=False)
    sources.bring(a.testing, "ANY", **GIVEN)
    sources.close(a.testing, "ANY")
    assert offers(a.testing) == []
    sources.switch(a.testing, "ANY", on=True)
    assert [offer.oauth_client for offer in clients.offered(a.testing)] == [shared]


def test_a_shared_client_is_not_the_companys_to_close(a: Company) -> None:
    shared = cast.oauth_client("SANDBOX")
    cast.source(a.testing, shared)
    assert refused(sources.close, a.testing, "SANDBOX") == "provider"
    shared.refresh_from_db()
    assert shared.closed_at is None


def test_a_closed_client_still_hears_notices(a: Company) -> None:
    made = sources.bring(a.testing, "OWN", **GIVEN)
    sources.close(a.testing, "OWN")
    hook_id = urlsplit(made.notice_url).path.split("/")[-2]
    assert notices.find_client("own", hook_id) == client()


@pytest.mark.django_db(transaction=True)
def test_two_who_bring_one_application_at_once_make_one_client(a: Company) -> None:
    def bring() -> Any:
        return sources.bring(a.testing, "OWN", **GIVEN)

    made = run_together(bring, bring, bring)
    assert {one.client.pk for one in made} == {client().pk}
    assert Source.objects.filter(environment=a.testing, provider="OWN").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_earlier_client_that_somebody_attaches_just_now_stays_open(
    a: Company, b: Company
) -> None:
    sources.bring(a.testing, "OWN", **GIVEN)
    attached = Signal()

    def attach() -> None:
        with transaction.atomic():
            sources.bring(b.testing, "OWN", **GIVEN)
            attached.set()
            sleep(0.5)

    def replace() -> None:
        attached.wait()
        sources.bring(a.testing, "OWN", client_id="second", client_secret="s")

    assert run_together(attach, replace) == [None, None]
    assert client().closed_at is None
    assert [offer.oauth_client for offer in clients.offered(b.testing)] == [client()]


@pytest.mark.django_db(transaction=True)
def test_two_companies_that_bring_one_id_at_once_do_not_learn_of_one_another(
    a: Company, b: Company
) -> None:
    one, other = run_together(
        lambda: sources.bring(a.testing, "OWN", client_id="our-app", client_secret="x"),
        lambda: sources.bring(b.testing, "OWN", client_id="our-app", client_secret="y"),
    )
    failed = [result for result in (one, other) if isinstance(result, Exception)]
    assert [str(error) for error in failed] == ["client_secret: these credentials cannot be used"]
    assert OAuthClient.objects.count() == 1


# In flight, at a real wearable company


def test_the_client_that_began_an_attempt_finishes_it_though_closed(world: World) -> None:
    world.client.owner = world.a
    world.client.save()
    cast.source(world.a, world.client)
    begun = world.begin(world.a)
    said = world.consent(begun)
    sources.close(world.a, "SANDBOX")
    assert world.complete(begun, said).step == "connected"
    user = Connection.objects.get(pk=begun.attempt.user_id)
    assert user.grant.oauth_client == world.client
    with pytest.raises(connect.CannotBeginError):
        world.begin(world.a)


def test_a_user_on_a_closed_client_is_still_read_and_still_revoked(world: World) -> None:
    world.client.owner = world.a
    world.client.save()
    cast.source(world.a, world.client)
    user = world.connect(world.a)
    sources.close(world.a, "SANDBOX")
    Grant.objects.update(access_expires_at=clock.now())
    assert world.is_alive(tokens.fresh(user.grant_id))
    notice = world.press_revoke()
    answer = Client().post(
        urlsplit(world.notice_url).path,
        notice.body,
        content_type="application/json",
        headers={"Sandbox-Signature": notice.signature},
    )
    assert answer.status_code == 204
    work()
    user.refresh_from_db()
    assert (user.is_active, user.end_kind) == (False, End.REVOKED)
