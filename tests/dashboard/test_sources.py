"""The pages of sources: who sees and changes what, and that nothing typed in is lost or shown."""

import html
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from connections import clients, sources
from connections.dashboard.sources_rows import Row
from connections.models import OAuthClient, Source
from connections.providers import REGISTRY, WearableProvider
from developers.models import AuditEntry, Environment
from developers.states import Role
from terra_portal import clock
from tests import cast
from tests.connections.makers import AnyProvider, OwnProvider
from tests.dashboard.scene import Side

SECRET, CODE = "secret-that-nobody-may-read", "code-that-nobody-may-read"
GIVEN: dict[str, Any] = {"client_id": "our-app", "client_secret": SECRET, "notice_secret": CODE}


@pytest.fixture(autouse=True)
def three_makers(sandbox: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(REGISTRY) - {"SANDBOX"}:
        monkeypatch.delitem(REGISTRY, name)
    monkeypatch.setitem(REGISTRY, "OWN", OwnProvider)
    monkeypatch.setitem(REGISTRY, "ANY", AnyProvider)


def rows(side: Side, kind: str = "testing") -> dict[str, Row]:
    answer = side.client.get(f"/c/{side.company.slug}/{kind}/sources/")
    return {row.slug: row for row in answer.context["rows"]}


def shown(side: Side, path: str = "sources/own/", client: Client | None = None) -> str:
    return html.unescape((client or side.client).get(side.url(path)).content.decode())


def bring(side: Side, **more: Any) -> OAuthClient:
    return sources.bring(side.environment, "OWN", **GIVEN | more).client


# The list


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_rows(
    a: Side, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for client in [bring(a), cast.oauth_client("ANY"), cast.oauth_client("SANDBOX")][:count]:
        for _ in range(count):
            cast.connection(a.environment, on=cast.grant(client))
    for path in ("sources/", "sources/own/"):
        with django_assert_num_queries(7):
            assert a.client.get(a.url(path)).status_code == 200


def test_says_how_each_stands(a: Side) -> None:
    cast.oauth_client("SANDBOX")
    cast.oauth_client("OWN", simulated=False)
    testing, production = rows(a), rows(a, "production")
    assert {slug: row.state for slug, row in testing.items()} == {
        "any": "needs_own",
        "own": "needs_own",
        "sandbox": "offered",
    }
    assert production["sandbox"].state == "unavailable"
    assert testing["sandbox"].is_simulated
    sources.switch(a.environment, "SANDBOX", on=False)
    assert rows(a)["sandbox"].state == "off"
    assert rows(a, "staging")["sandbox"].state == "unavailable"


def test_marks_simulated_ones_and_the_phones(a: Side) -> None:
    cast.oauth_client("SANDBOX")
    page = shown(a, "sources/")
    assert page.count('<span class="tag">simulated</span>') == 2  # wide and narrow
    for name in ("Apple Health", "Health Connect", "Samsung Health"):
        assert name in page
    assert "which this portal does not serve yet" in page
    assert "portal/wearables/health-connect.svg" in page


def test_counts_this_environments_users_alone(a: Side, b: Side) -> None:
    grant = cast.grant(cast.oauth_client("SANDBOX"))
    staging = Environment.objects.get(company=a.company, kind="staging")
    for environment in (a.environment, b.environment, staging):
        cast.connection(environment, on=grant)
    cast.ended(a.environment, on=grant)
    assert (rows(a)["sandbox"].users, rows(b)["sandbox"].users) == (1, 1)
    shared = bring(a)
    sources.bring(b.environment, "OWN", **GIVEN)
    cast.connection(a.environment, on=cast.grant(shared))
    assert (rows(a)["own"].users, rows(b)["own"].users) == (1, 0)


def test_users_on_an_earlier_application_are_told_apart(a: Side) -> None:
    cast.connection(a.environment, on=cast.grant(bring(a)))
    bring(a, client_id="second")
    row = rows(a)["own"]
    assert (row.users, row.users_earlier) == (0, 1)
    assert "our-app" in shown(a)


def test_a_rejected_own_application_is_shown_to_its_company(a: Side, b: Side) -> None:
    bring(a)
    shared = cast.oauth_client("SANDBOX")
    OAuthClient.objects.update(rejected_at=clock.now())
    assert "Credentials rejected" in shown(a, "sources/")
    assert "Ownly rejects these credentials" in shown(a)
    assert "rejects these credentials" not in shown(a, "sources/sandbox/")
    assert "Credentials rejected" not in shown(b, "sources/")
    assert rows(a)["sandbox"].place.client == shared


# On, off and order


def test_switches_and_says_so(a: Side) -> None:
    cast.oauth_client("SANDBOX")
    page = a.client.post(a.url("sources/sandbox/switch/"), {"on": "0"}, follow=True)
    assert "Sandbox is off. Users who are connected stay connected." in page.content.decode()
    assert clients.offered(a.environment) == []
    page = a.client.post(a.url("sources/sandbox/switch/"), {"on": "1"}, follow=True)
    assert "Sandbox is offered from now on." in page.content.decode()
    assert [offer.provider for offer in clients.offered(a.environment)] == ["SANDBOX"]


def test_what_cannot_be_offered_says_why(a: Side) -> None:
    page = a.client.post(a.url("sources/own/switch/"), {"on": "1"}, follow=True)
    assert "There is no application yet to offer it through." in page.content.decode()


def test_htmx_gets_the_list_and_a_word(a: Side) -> None:
    cast.oauth_client("SANDBOX")
    answer = a.client.post(
        a.url("sources/sandbox/move/"), {"direction": "up"}, headers={"HX-Request": "true"}
    )
    page = answer.content.decode()
    assert (answer.status_code, "<html" in page, "<table" in page) == (200, False, True)
    assert answer["HX-Trigger"] == '{"toast": {"text": "Sandbox stands at place 2.", "tone": "ok"}}'
    assert list(rows(a)) == ["any", "sandbox", "own"]


def test_an_unknown_wearable_is_not_there(a: Side) -> None:
    assert a.client.get(a.url("sources/nobody/")).status_code == 404
    assert a.client.post(a.url("sources/nobody/switch/"), {"on": "1"}).status_code == 404


# Data


def test_chooses_what_is_asked_and_required(a: Side) -> None:
    bring(a)
    given = {"scopes": ["sleep", "heartrate"], "required": ["sleep"]}
    answer = a.client.post(a.url("sources/own/data/"), given, follow=True)
    assert "Saved." in answer.content.decode()
    form = answer.context["data_form"]
    assert form["scopes"].value() == ["heartrate", "profile", "sleep"]
    assert form["required"].value() == ["sleep"]


def test_a_refused_choice_stays_as_it_was_made(a: Side) -> None:
    bring(a)
    given = {"scopes": ["sleep"], "required": ["heartrate"]}
    answer = a.client.post(a.url("sources/own/data/"), given)
    form = answer.context["data_form"]
    assert (answer.status_code, list(form.errors)) == (422, ["required"])
    assert (form["scopes"].value(), form["required"].value()) == (["sleep"], ["heartrate"])
    assert Source.objects.get(environment=a.environment, provider="OWN").required_scopes == []


def test_a_shared_application_leaves_only_what_is_required(a: Side) -> None:
    cast.oauth_client("SANDBOX")
    form = a.client.get(a.url("sources/sandbox/")).context["data_form"]
    assert list(form.fields) == ["required"]
    a.client.post(a.url("sources/sandbox/data/"), {"required": ["sleep"], "scopes": ["sleep"]})
    [offer] = clients.offered(a.environment)
    assert (offer.scopes, offer.required_scopes) == ([], ["sleep"])


# Applications


def test_brings_one_and_tells_what_to_register_where(a: Side) -> None:
    before = shown(a)
    assert "Its maker wants one application for each company." in before
    assert "https://own.example/console" in before
    assert "/connect/callback/own/" in before
    assert "/hooks/own/" not in before
    answer = a.client.post(a.url("sources/own/application/"), GIVEN, follow=True)
    page = html.unescape(answer.content.decode())
    made = OAuthClient.objects.get(client_id="our-app")
    assert (made.owner, made.client_secret, made.notice_secret) == (a.environment, SECRET, CODE)
    assert "our-app is used from now on." in page
    assert clients.notice_url(made) in page
    assert rows(a)["own"].state == "offered"


def test_secrets_are_on_no_page(a: Side) -> None:
    answers = [a.client.post(a.url("sources/own/application/"), GIVEN, follow=True)]
    wrong = GIVEN | {"client_id": "x" * 300}
    answers.append(a.client.post(a.url("sources/own/application/"), wrong))
    paths = ("sources/", "sources/own/", "sources/own/close/", "audit/")
    answers += [a.client.get(a.url(path)) for path in paths]
    for answer in answers:
        page = answer.content.decode()
        assert SECRET not in page
        assert CODE not in page
    assert "no-store" in answers[0]["Cache-Control"]


def test_bad_input_loses_nothing_but_the_secrets(a: Side) -> None:
    given = {"client_id": "our-app", "client_secret": "", "notice_secret": CODE, "simulated": "on"}
    answer = a.client.post(a.url("sources/own/application/"), given)
    form = answer.context["application_form"]
    assert (answer.status_code, list(form.errors)) == (422, ["client_secret"])
    page = answer.content.decode()
    assert 'value="our-app"' in page
    assert form["simulated"].value() is True
    assert CODE not in page
    assert not OAuthClient.objects.exists()


def test_a_foreign_id_with_a_wrong_secret_answers_like_any_unfit_pair(a: Side, b: Side) -> None:
    bring(a)
    answer = b.client.post(
        b.url("sources/own/application/"), GIVEN | {"client_secret": "guess", "notice_secret": ""}
    )
    form = answer.context["application_form"]
    assert form.errors == {"client_secret": ["These credentials cannot be used"]}
    assert form["client_id"].value() == "our-app"


def test_changes_a_secret_in_place(a: Side) -> None:
    made = bring(a)
    given = {"client_id": "our-app", "client_secret": "newer"}
    answer = a.client.post(a.url("sources/own/application/"), given, follow=True)
    assert "The secrets are changed. Users stay connected." in answer.content.decode()
    made.refresh_from_db()
    assert (made.client_secret, made.notice_secret) == ("newer", CODE)


def test_replacing_says_who_stays(a: Side) -> None:
    cast.connection(a.environment, on=cast.grant(bring(a)))
    given = {"client_id": "second", "client_secret": "s"}
    answer = a.client.post(a.url("sources/own/application/"), given, follow=True)
    page = answer.content.decode()
    assert "1 user stays on the earlier one until they reconnect." in page
    assert "Earlier applications" in page


def test_simulated_is_asked_only_where_both_could_be_meant(a: Side) -> None:
    def asks(path: str) -> bool:
        form = a.client.get(f"/c/{a.company.slug}/{path}/").context["application_form"]
        return "simulated" in form.fields

    assert asks("testing/sources/own")
    assert not asks("production/sources/own")
    assert not asks("testing/sources/sandbox")
    assert not asks("testing/sources/any")


def test_production_shows_no_form_for_what_is_make_believe(a: Side) -> None:
    path = f"/c/{a.company.slug}/production/sources/sandbox/"
    assert "client_secret" not in a.client.get(path).content.decode()
    answer = a.client.post(f"{path}application/", GIVEN)
    assert answer.status_code == 422
    assert not OAuthClient.objects.exists()


def test_a_maker_without_notices_gives_no_address_to_register(
    a: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OwnProvider, "read_notice", WearableProvider.read_notice)
    made = bring(a)
    page = shown(a)
    assert "Ownly sends no notices" in page
    assert clients.notice_url(made) not in page


def test_what_a_hand_has_to_do_for_the_notices_is_said(
    a: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = "Register this notice URL there too"
    made = bring(a)
    assert steps in shown(a)
    monkeypatch.setattr(OwnProvider, "notice_steps", "With a key of your own, order them so.")
    page = shown(a)
    assert "With a key of your own, order them so." in page
    assert steps not in page
    assert clients.notice_url(made) in page


# Closing


def test_closing_asks_and_tells_who_depends(a: Side, b: Side) -> None:
    made = bring(a)
    sources.bring(b.environment, "OWN", **GIVEN)
    user = cast.connection(a.environment, on=cast.grant(made))
    cast.connection(b.environment, on=user.grant)
    page = shown(a, "sources/own/close/")
    assert "1 user depends on it. They stay connected" in page
    answer = a.client.post(a.url("sources/own/close/"), follow=True)
    assert "The application is closed." in answer.content.decode()
    made.refresh_from_db()
    user.refresh_from_db()
    assert (made.closed_at is not None, user.is_active) == (True, True)
    assert rows(a)["own"].users_earlier == 1
    assert b.client.get(b.url("sources/own/")).status_code == 200
    answer = a.client.get(a.url("sources/own/close/"), follow=True)
    assert "There is no application of your own for Ownly." in answer.content.decode()


# Roles and strangers


def test_viewers_read_and_change_nothing(a: Side) -> None:
    made = bring(a)
    viewer = a.colleague(Role.VIEWER)
    page = shown(a, client=viewer)
    assert "Steps, workouts and calories" in page
    assert "<form" not in page.split("<main")[1]
    assert clients.notice_url(made) not in page
    assert "<form" not in shown(a, "sources/", viewer).split("<main")[1]
    for path in ("switch", "move", "data", "application", "close"):
        assert viewer.post(a.url(f"sources/own/{path}/"), GIVEN).status_code == 403


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN, Role.DEVELOPER])
def test_developers_and_above_change_them(a: Side, role: Role) -> None:
    colleague = a.colleague(role)
    assert colleague.post(a.url("sources/own/application/"), GIVEN).status_code == 302
    entry = AuditEntry.objects.get(action="source.application_added")
    assert (entry.environment, entry.subject) == (a.environment, "Ownly: our-app")
    assert entry.actor != a.owner


def test_outsiders_find_nothing(a: Side, b: Side) -> None:
    bring(a)
    for path in ("", "own/", "own/close/", "nobody/"):
        assert b.client.get(a.url(f"sources/{path}")).status_code == 404
    for path in ("switch", "move", "data", "application", "close"):
        assert b.client.post(a.url(f"sources/own/{path}/"), GIVEN).status_code == 404
    assert OAuthClient.objects.get().closed_at is None


def test_nothing_of_another_environment_shows(a: Side, b: Side, settings: Settings) -> None:
    bring(a, client_id="id-of-alder")
    staging = f"/c/{a.company.slug}/staging/sources/own/"
    for page in (shown(b), shown(b, "sources/"), a.client.get(staging).content.decode()):
        assert "id-of-alder" not in page
