"""The admin's company side: staff see every table, change none, and read no secret."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from developers.models import (
    ApiKey,
    Attempt,
    AuditEntry,
    Company,
    Delivery,
    Destination,
    Environment,
    Event,
    Membership,
    Recovery,
    User,
)
from developers.webhooks.delivery import deliver_due
from terra_portal import clock
from tests import cast
from tests.developers.outbox import happened, receiver
from tests.developers.sink import Sink

pytestmark = pytest.mark.django_db

DOMAIN: list[type[Model]] = [
    *(ApiKey, Attempt, AuditEntry, Company, Delivery),
    *(Destination, Environment, Event, Membership, Recovery),
]
every_table = pytest.mark.parametrize("model", DOMAIN, ids=lambda model: model.__name__)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(cast.person(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def another(server: Sink) -> Callable[[], str]:
    """Makes a company with a row in each table; returns its signing secret."""

    def make() -> str:
        environment = cast.company().environments["testing"]
        receiving = receiver(environment, server)
        happened(environment)
        deliver_due()
        Recovery.objects.create(
            environment=environment, destination=receiving.destination, since=clock.now()
        )
        return receiving.secret

    return make


def test_every_table_is_there() -> None:
    ours = {model for model in admin.site._registry if model._meta.app_label == "developers"}
    assert ours == {*DOMAIN, User}


@every_table
def test_a_list_asks_the_same_of_one_row_and_of_three(
    staff: Client, another: Callable[[], str], model: type[Model]
) -> None:
    another()
    one = _queries(staff, model)
    another()
    another()
    assert _queries(staff, model) == one


@every_table
def test_a_row_can_be_read_and_not_changed(
    staff: Client, another: Callable[[], str], model: type[Model]
) -> None:
    secret = another()
    row = model._default_manager.order_by("pk")[0]
    read = staff.get(_url(model, "change", row))
    assert read.status_code == 200
    assert 'name="_save"' not in read.content.decode()
    for hidden in (secret, *ApiKey.objects.values_list("key_hash", flat=True)):
        assert hidden not in read.content.decode()
    assert staff.post(_url(model, "change", row), {}).status_code == 403
    assert staff.get(_url(model, "add")).status_code == 403
    assert staff.post(_url(model, "delete", row), {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


@every_table
@pytest.mark.parametrize("term", ["00000000-0000-0000-0000-000000000000", "nothing", "\x00"])
def test_a_search_finds_nothing_without_failing(
    staff: Client, model: type[Model], term: str
) -> None:
    assert staff.get(_url(model, "changelist"), {"q": term}).status_code == 200


def test_a_row_is_found_by_its_dev_id(staff: Client, another: Callable[[], str]) -> None:
    another()
    another()
    wanted = Delivery.objects.select_related("environment").order_by("pk")[0]
    found = staff.get(_url(Delivery, "changelist"), {"q": wanted.environment.dev_id})
    assert list(found.context["cl"].result_list) == [wanted]


def test_a_superuser_makes_and_changes_an_account_by_its_address(staff: Client) -> None:
    new = {"email": "new@example.org", "usable_password": "false"}
    assert staff.post(_url(User, "add"), new).status_code == 302
    made = User.objects.get(email="new@example.org")
    page = staff.get(_url(User, "change", made)).content.decode()
    assert 'name="email"' in page
    assert 'name="username"' not in page
    changed = {"email": "new@example.org", "first_name": "Ada", "is_staff": "on"}
    assert staff.post(_url(User, "change", made), changed).status_code == 302
    made.refresh_from_db()
    assert (made.first_name, made.is_staff, made.is_active) == ("Ada", True, False)


def test_staff_who_are_not_superusers_do_not_see_accounts(client: Client) -> None:
    client.force_login(cast.person(is_staff=True))
    assert client.get(_url(User, "changelist")).status_code == 403
    assert client.get(_url(User, "add")).status_code == 403


def _queries(staff: Client, model: type[Model]) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert staff.get(_url(model, "changelist")).status_code == 200
    return len(queries)


def _url(model: type[Model], page: str, row: Model | None = None) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=[row.pk] if row else [])
