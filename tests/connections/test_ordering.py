"""A connection's events are dated in the order of their sequence, whatever the clock does."""

from datetime import timedelta

import pytest
from django.db import transaction

from connections import attention, revocation, scopes
from connections.models import Connection, Grant
from connections.revocation import Cause
from connections.states import Attention, Door, End
from developers.models import Event
from terra_portal import clock
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)

REVOKED = Cause(End.REVOKED, Door.NOTICE, "The provider said so.")


@pytest.fixture
def user() -> Connection:
    return cast.connection(cast.company().environments["testing"], reference_id="alder-1")


def change_scopes(grant: Grant) -> None:
    with transaction.atomic():
        grant.scopes = grant.scopes[:-1]
        grant.save(update_fields=["scopes"])
        scopes.follow(grant)


def test_a_clock_that_is_set_back_dates_no_event_before_another(user: Connection) -> None:
    grant = user.grant
    with clock.shifted(timedelta(hours=2)), transaction.atomic():
        attention.mark(grant, Attention.NEEDS_REAUTH)
    with clock.shifted(timedelta(hours=1)):
        change_scopes(grant)
    revocation.fan_out(grant.pk, REVOKED, authorisation_number=grant.authorisation_number)

    events = list(Event.objects.order_by("sequence"))
    assert [event.type for event in events] == [
        "connection_error",
        "permission_change",
        "access_revoked",
    ]
    moments = [event.occurred_at for event in events]
    assert moments == sorted(moments)
    assert moments[0] > clock.now() + timedelta(minutes=110)
    user.refresh_from_db()
    assert user.last_webhook_update == moments[-1]
    assert user.ended_at is not None
    assert user.ended_at < clock.now() + timedelta(minutes=1)


def test_without_such_a_clock_the_moment_is_that_of_the_change(user: Connection) -> None:
    before = clock.now()
    change_scopes(user.grant)
    event = Event.objects.get()
    assert before <= event.occurred_at <= clock.now()
    user.refresh_from_db()
    assert user.last_webhook_update == event.occurred_at


def test_an_event_can_be_found_by_the_companys_own_name_of_the_person(user: Connection) -> None:
    change_scopes(user.grant)
    assert Event.objects.get().reference_id == "alder-1"
