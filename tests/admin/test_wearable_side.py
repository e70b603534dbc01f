"""The wearable side in the admin: all of it can be read, none of it changed, no secret shown."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection as database
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connections import models
from connections.states import AttemptState, Door, End, RevokeOutcome
from terra_portal import clock, crypto
from terra_portal.admin import KeyedAdmin
from tests import cast

SECRETS = (cast.ACCESS_TOKEN, cast.REFRESH_TOKEN, cast.CLIENT_SECRET, "verifier-x", "notice-body-x")
MODELS: list[type[Model]] = [
    models.OAuthClient,
    models.Source,
    models.Grant,
    models.Connection,
    models.ConnectSession,
    models.ConnectAttempt,
    models.Revocation,
    models.RevocationDetail,
    models.UpstreamRevoke,
    models.Notice,
    models.Incident,
    models.HeldEnd,
]
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)


def story() -> None:
    """One row of everything, for a company of its own, with secrets in it."""
    environment = cast.company().environments["testing"]
    client = cast.oauth_client()
    cast.source(environment, client)
    grant = cast.grant(client)
    user = cast.ended(environment, on=grant, reference_id="runner")
    token = crypto.random_token()
    session = models.ConnectSession.objects.create(
        environment=environment,
        token_hash=crypto.sha256(token),
        expires_at=clock.now() + timedelta(minutes=15),
    )
    models.ConnectAttempt.objects.create(
        session=session,
        environment=environment,
        provider="SANDBOX",
        oauth_client=client,
        state=AttemptState.CONNECTED,
        state_hash=crypto.sha256(f"state{token}"),
        browser_hash=crypto.sha256(f"browser{token}"),
        confirm_hash=crypto.sha256(f"confirm{token}"),
        code_verifier="verifier-x",
        grant=grant,
        user_id=user.pk,
        expires_at=clock.now(),
    )
    log = models.Revocation.objects.create(
        environment=environment,
        user_id=user.pk,
        provider="SANDBOX",
        kind=End.DISCONNECTED,
        door=Door.API,
        connected_at=user.created_at,
        occurred_at=clock.now(),
    )
    models.RevocationDetail.objects.create(revocation=log, environment=environment)
    models.UpstreamRevoke.objects.create(
        grant=grant,
        authorisation_number=1,
        started_at=clock.now(),
        outcome=RevokeOutcome.CONFIRMED,
    )
    models.Notice.objects.create(oauth_client=client, kind="revoked", body="notice-body-x")
    incident = models.Incident.objects.create(oauth_client=client)
    models.HeldEnd.objects.create(
        incident=incident,
        grant=grant,
        authorisation_number=1,
        kind=End.REVOKED,
        door=Door.LIVENESS,
        evidence="Two checks.",
    )


def hidden_in(row: Model) -> list[str]:
    """What must not be on any page: plaintexts, ciphertexts, and hashes of bearer secrets."""
    stored = type(row)._default_manager.filter(pk=row.pk).values().get()
    sealed = [str(v) for v in stored.values() if isinstance(v, crypto.Sealed) and v]
    hashes = [str(v) for k, v in stored.items() if k.endswith("_hash") and v]
    return [*SECRETS, *sealed, *hashes]


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(cast.person(is_staff=True, is_superuser=True))
    return client


def url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_is_listed() -> None:
    registered = {model for model in admin.site._registry if model._meta.app_label == "connections"}

    assert registered == set(MODELS)


@each_model
def test_list_and_detail_show_rows_and_no_secret(staff: Client, model: type[Model]) -> None:
    story()
    row = model._default_manager.get()

    for page in (url(model, "changelist"), url(model, "change", row.pk)):
        response = staff.get(page)
        shown = response.content.decode()
        assert response.status_code == 200
        assert str(row.pk) in shown
        assert [secret for secret in hidden_in(row) if secret in shown] == []


@each_model
def test_a_list_asks_as_much_for_three_rows_as_for_one(staff: Client, model: type[Model]) -> None:
    story()
    staff.get(url(model, "changelist"))
    with CaptureQueriesContext(database) as one:
        staff.get(url(model, "changelist"))
    story()
    story()
    with CaptureQueriesContext(database) as three:
        staff.get(url(model, "changelist"))

    assert len(three) == len(one)


@each_model
def test_nothing_can_be_added_changed_or_deleted(staff: Client, model: type[Model]) -> None:
    story()
    row = model._default_manager.get()
    before = model._default_manager.values().get()

    answers = [
        staff.get(url(model, "add")),
        staff.post(url(model, "add"), {}),
        staff.post(url(model, "change", row.pk), {"state": "ended", "provider": "X"}),
        staff.post(url(model, "delete", row.pk), {"post": "yes"}),
    ]
    bulk = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    staff.post(url(model, "changelist"), bulk)

    assert [answer.status_code for answer in answers] == [403] * 4
    assert model._default_manager.values().get() == before


@each_model
def test_who_is_not_staff_does_not_enter(db: None, model: type[Model]) -> None:
    story()
    row = model._default_manager.get()
    client = Client()
    client.force_login(cast.person())

    answers = [client.get(url(model, "changelist")), client.get(url(model, "change", row.pk))]

    assert [answer.status_code for answer in answers] == [answers[0].status_code] * 2
    assert answers[0].status_code in {302, 403}
    assert all(str(row.pk) not in answer.content.decode() for answer in answers)


@each_model
def test_search_finds_by_key_and_text(staff: Client, model: type[Model]) -> None:
    story()
    story()
    row = model._default_manager.order_by("pk")[0]
    keyed = admin.site._registry[model]
    assert isinstance(keyed, KeyedAdmin)
    text = model._default_manager.filter(pk=row.pk).values_list(keyed.by_text, flat=True).get()

    for term in (str(row.pk), str(text)):
        found = staff.get(url(model, "changelist"), {"q": term}).context["cl"].queryset
        assert list(found) == [row]
    for term in ("nobody", "%"):
        found = staff.get(url(model, "changelist"), {"q": term}).context["cl"].queryset
        assert list(found) == []
