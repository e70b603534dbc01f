"""Who may open what: every address of the portal against everybody who could ask.

The table is compared with the URL map, so that a page which is added without a row fails here.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django.fixtures import Settings

from connections import clients, connect, links
from developers import api_keys
from developers.models import Delivery, Environment, Event, Membership
from developers.states import EventType, Role
from developers.webhooks import destinations, resend
from terra_portal import clock
from tests import cast
from tests.dashboard.scene import Side, side

# The API answers machines, and its own tests say what. Of allauth's and the admin's pages the
# last two tests say which of them answer somebody who has not signed in, or is no staff.
ACCOUNTS, ADMIN = "accounts/", "admin/"
API = ("^(?:api/)?v2/", "api/widget/session", "^(?:v2|api)(?:/.*)?$")
STOCK = (ACCOUNTS, ADMIN, *API)

OK, SEE, WRONG, FORBIDDEN, NONE, NOT_SO, UNFIT = 200, 302, 400, 403, 404, 405, 422


@dataclass(frozen=True)
class Row:
    """What each reader of one address gets, by method.

    `owner` and `viewer` belong to the company; `outsider` owns another one; `elsewhere` is the
    owner again, asking for something of the company's staging environment in testing.
    """

    name: str
    method: str
    owner: int
    viewer: int
    outsider: int = NONE
    signed_out: int = SEE
    elsewhere: int | None = None


PAGES = [
    # the wearable side
    Row("overview", "get", OK, OK),
    Row("users", "get", OK, OK),
    Row("user", "get", OK, OK, elsewhere=NONE),
    Row("user_disconnect", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("user_disconnect", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("user_reference", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("user_reference", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("user_pause", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("user_resume", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("revocations", "get", OK, OK),
    Row("revocations_export", "get", OK, OK),
    Row("connect_links", "get", OK, OK),
    Row("connect_link_create", "get", OK, FORBIDDEN),
    Row("connect_link_create", "post", OK, FORBIDDEN),
    Row("connect_link_cancel", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("connect_link_cancel", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("sources", "get", OK, OK),
    Row("source", "get", OK, OK),
    Row("source_switch", "post", SEE, FORBIDDEN),
    Row("source_move", "post", SEE, FORBIDDEN),
    Row("source_data", "post", UNFIT, FORBIDDEN),
    Row("source_application", "post", UNFIT, FORBIDDEN),
    Row("source_close", "get", OK, FORBIDDEN),
    Row("source_close", "post", SEE, FORBIDDEN),
    # the company side
    Row("api_keys", "get", OK, OK),
    Row("api_key_create", "get", OK, FORBIDDEN),
    Row("api_key_create", "post", UNFIT, FORBIDDEN),
    Row("api_key_revoke", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("api_key_revoke", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("destinations", "get", OK, OK),
    Row("destination_create", "get", OK, FORBIDDEN),
    Row("destination_create", "post", UNFIT, FORBIDDEN),
    Row("destination", "get", OK, OK, elsewhere=NONE),
    Row("destination_settings", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("destination_settings", "post", UNFIT, FORBIDDEN, elsewhere=NONE),
    Row("destination_rotate", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("destination_rotate", "post", UNFIT, FORBIDDEN, elsewhere=NONE),
    Row("destination_example", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("destination_pause", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("destination_enable", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("destination_remove", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("destination_remove", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("events", "get", OK, OK),
    Row("event", "get", OK, OK, elsewhere=NONE),
    Row("event_resend", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("event_delivery_resend", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("recoveries", "get", OK, OK),
    Row("recovery_create", "get", UNFIT, FORBIDDEN),
    Row("recovery_create", "post", UNFIT, FORBIDDEN),
    Row("recovery", "get", OK, OK, elsewhere=NONE),
    Row("environment_settings", "get", OK, OK),
    Row("environment_settings", "post", SEE, FORBIDDEN),
    Row("members", "get", OK, OK),
    Row("member_add", "get", OK, FORBIDDEN),
    Row("member_add", "post", UNFIT, FORBIDDEN),
    # members belong to the company as a whole: `elsewhere` is a member of another company
    Row("member_role", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("member_role", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("member_remove", "get", OK, FORBIDDEN, elsewhere=NONE),
    Row("member_remove", "post", SEE, FORBIDDEN, elsewhere=NONE),
    Row("audit", "get", OK, OK),
    # of nobody's company
    Row("home", "get", SEE, SEE, SEE),
    Row("company_create", "get", OK, OK, OK),
    Row("company_create", "post", UNFIT, UNFIT, UNFIT),
    # open to everybody: the link's token, the hook's id or the attempt's cookie is the authority,
    # and `elsewhere` is a token, an id or an attempt that does not exist
    Row("healthz", "get", OK, OK, OK, OK),
    Row("hook", "post", 401, 401, 401, 401, elsewhere=NONE),
    Row("connect", "get", OK, OK, OK, OK, elsewhere=NONE),
    Row("connect_brand", "get", OK, OK, OK, OK, elsewhere=OK),
    Row("connect_start", "post", SEE, SEE, SEE, SEE, elsewhere=NONE),
    Row("connect_manage", "get", OK, OK, OK, OK, elsewhere=NONE),
    Row("connect_manage", "post", SEE, SEE, SEE, SEE, elsewhere=NONE),
    Row("connect_callback", "get", WRONG, WRONG, WRONG, WRONG),
    Row("connect_confirm", "post", WRONG, WRONG, WRONG, WRONG, elsewhere=WRONG),
    Row("connect_again", "post", WRONG, WRONG, WRONG, WRONG, elsewhere=WRONG),
    Row("connect_finishing", "get", WRONG, WRONG, WRONG, WRONG, elsewhere=WRONG),
    Row("connect_attempt_brand", "get", OK, OK, OK, OK, elsewhere=OK),
]

OPEN_ACCOUNTS = {
    "account_login",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key_done",
    "account_inactive",
}


@dataclass
class Scene:
    """What each address is filled in with: something that is here, and something that is not."""

    company: Side
    readers: dict[str, Client]
    here: dict[str, Any]
    elsewhere: dict[str, Any]


@pytest.fixture
def scene(db: None, settings: Settings) -> Scene:
    settings.SANDBOX_URL = "http://127.0.0.1:9"
    ours, theirs = side("Alder"), side("Birch")
    added = clients.add(
        "SANDBOX",
        client_id="c",
        client_secret="s",
        environment=ours.environment,
        simulated=True,
    )
    staging = Environment.objects.get(company=ours.company, kind="staging")
    place = {"company": ours.company.slug, "environment": "testing", "provider": "sandbox"}
    return Scene(
        company=ours,
        readers={
            "signed_out": Client(),
            "outsider": theirs.client,
            "viewer": ours.colleague(Role.VIEWER),
            "elsewhere": ours.client,
            "owner": ours.client,
        },
        here=place
        | things(ours.environment)
        | public(ours.environment)
        | {"hook_id": urlsplit(added.notice_url).path.split("/")[-2], "member_id": member(ours)},
        elsewhere=place
        | things(staging)
        | {name: uuid4() for name in ("token", "attempt_id", "hook_id")}
        | {"member_id": member(theirs)},
    )


def things(environment: Environment) -> dict[str, Any]:
    """One of each row that an address of this environment can name."""
    event = Event.objects.create(environment=environment, type=EventType.AUTH, body="{}")
    to, _ = destinations.add(environment, "https://a.example/")
    sent = Delivery.objects.create(environment=environment, event=event, destination=to)
    return {
        "user_id": cast.connection(environment, reference_id="r").pk,
        "link_id": links.open_session(environment)[0].pk,
        "key_id": api_keys.create(environment, name="k")[0].pk,
        "destination_id": to.pk,
        "event_id": event.pk,
        "delivery_id": sent.pk,
        "recovery_id": resend.recover(environment, since=clock.now()).pk,
    }


def public(environment: Environment) -> dict[str, Any]:
    """A link on which the connection of `things` is shown, and an attempt on it."""
    session, url = links.open_session(environment, reference_id="r", show_disconnect=True)
    token = urlsplit(url).path.split("/")[-2]
    return {"token": token, "attempt_id": connect.begin(session, "SANDBOX").attempt.pk}


def member(of: Side) -> Any:
    somebody = Membership(company=of.company, user=cast.person(), role=Role.DEVELOPER)
    somebody.save()
    return somebody.pk


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every pattern of the map with its whole route."""
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from patterns(one, route)
        else:
            yield route, one


def addresses() -> dict[str, set[str]]:
    """The patterns that need a row by name, and what their routes are filled in with."""
    return {
        one.name or route: set(re.findall(r"<(?:\w+:)?(\w+)>", route))
        for route, one in patterns(get_resolver())
        if not route.startswith(STOCK)
    }


def asked(client: Client, row: Row, filled: dict[str, Any]) -> int:
    """The answer's status; what the request changed is undone."""
    kwargs = {name: filled[name] for name in addresses()[row.name]}
    address = reverse(row.name, kwargs=kwargs)
    with undone():
        return int(getattr(client, row.method)(address, {"role": "viewer"}).status_code)


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_address_has_its_rows() -> None:
    assert sorted({row.name for row in PAGES}) == sorted(addresses())
    assert len({(row.name, row.method) for row in PAGES}) == len(PAGES)


@pytest.mark.parametrize("row", PAGES, ids=lambda row: f"{row.method} {row.name}")
def test_everybody_gets_what_the_table_says(scene: Scene, row: Row) -> None:
    got = {
        who: asked(client, row, scene.elsewhere if who == "elsewhere" else scene.here)
        for who, client in scene.readers.items()
        if getattr(row, who) is not None
    }
    assert got == {who: getattr(row, who) for who in got}


@pytest.mark.parametrize("name", sorted({row.name for row in PAGES}))
def test_other_methods_are_refused(scene: Scene, name: str) -> None:
    meant = {row.method for row in PAGES if row.name == name}
    for method in {"get", "post", "put", "delete", "patch"} - meant:
        row = Row(name, method, NOT_SO, NOT_SO)
        assert asked(scene.readers["owner"], row, scene.here) == NOT_SO


def test_whatever_names_something_is_asked_for_elsewhere() -> None:
    ids = {"user_id", "link_id", "key_id", "destination_id", "event_id", "member_id"}
    ids |= {"token", "attempt_id", "hook_id", "delivery_id", "recovery_id"}
    naming = {name for name, filled in addresses().items() if ids & filled}
    assert naming == {row.name for row in PAGES if row.elsewhere is not None}


def test_account_pages_open_to_everybody_are_these(db: None) -> None:
    argless = [
        (one.name, "/" + route)
        for route, one in patterns(get_resolver())
        if route.startswith(ACCOUNTS) and "<" not in route and "(" not in route
    ]
    client = Client()
    assert {name for name, url in argless if client.get(url).status_code == OK} == OPEN_ACCOUNTS


def test_the_admin_is_closed_to_whoever_is_no_staff(scene: Scene) -> None:
    argless = [
        "/" + route
        for route, _ in patterns(get_resolver())
        if route.startswith(ADMIN) and not set("<(") & set(route)
    ]
    assert len(argless) > 10
    for reader in ("signed_out", "owner"):
        answers = {url: scene.readers[reader].get(url).status_code for url in argless}
        assert {url: status for url, status in answers.items() if status == OK} == {}
