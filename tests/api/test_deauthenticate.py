"""DELETE /auth/deauthenticateUser: one user of one environment goes, nobody else."""

from connections.models import Connection, Revocation
from connections.states import ConnectionState, Door, End
from developers.models import Event
from tests import cast
from tests.api.caller import Caller

PATH = "/auth/deauthenticateUser"


def test_it_ends_the_connection_and_says_by_what(a: Caller) -> None:
    user = cast.connection(a.environment, reference_id="r")

    answer = a.delete(PATH, user_id=user.pk)

    assert (answer.status, answer.body) == (200, {"status": "success"})
    user.refresh_from_db()
    assert (user.state, user.end_kind) == (ConnectionState.ENDED, End.DISCONNECTED)
    row = Revocation.objects.get()
    assert (row.user_id, row.door, row.kind) == (user.pk, Door.API, End.DISCONNECTED)
    assert row.detail.actor == 'API key "Default"'
    assert list(Event.objects.values_list("environment", "type")) == [(a.environment.pk, "deauth")]


def test_afterwards_it_is_gone_from_the_lists_and_cannot_be_ended_again(a: Caller) -> None:
    user = cast.connection(a.environment, reference_id="r")
    a.delete(PATH, user_id=user.pk)

    assert a.get("/subscriptions").body == {"users": []}
    assert a.get("/userInfo", reference_id="r").body["users"] == []
    assert a.get("/userInfo", user_id=user.pk).body["user"]["active"] is False
    assert a.delete(PATH, user_id=user.pk).status == 404
    assert Revocation.objects.count() == 1


def test_another_company_on_the_same_account_notices_nothing(a: Caller, b: Caller) -> None:
    grant = cast.grant()
    mine = cast.connection(a.environment, on=grant)
    theirs = cast.connection(b.environment, on=grant)
    before = Connection.objects.filter(pk=theirs.pk).values().get()

    assert a.delete(PATH, user_id=mine.pk).status == 200

    assert Connection.objects.filter(pk=theirs.pk).values().get() == before
    grant.refresh_from_db()
    assert grant.access_token == cast.ACCESS_TOKEN
    assert not Event.objects.filter(environment=b.environment).exists()


def test_a_foreign_user_stays(a: Caller, b: Caller) -> None:
    theirs = cast.connection(b.environment)

    assert a.delete(PATH, user_id=theirs.pk).status == 404

    theirs.refresh_from_db()
    assert theirs.is_active
