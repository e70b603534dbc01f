"""What a revocation at the provider costs: statements by the batch, never by the connection."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from benches.holders import Holders
from connections import revocation
from connections.models import Connection, Grant, Revocation, RevocationDetail
from connections.revocation import Cause
from connections.states import ConnectionState, Door, End
from developers.models import Delivery, Event

pytestmark = pytest.mark.django_db(transaction=True)

CAUSE = Cause(End.REVOKED, Door.NOTICE, "The provider said so.")
FEW = 13
# Connections changed, log, details, events and deliveries: one statement more for each batch.
IN_BATCHES = 5


def end(grant: Grant) -> int:
    """Statements that ending the grant took."""
    holding = Connection.objects.active().on(grant).count()
    with CaptureQueriesContext(
        connection,
    ) as statements:
        ended = revocation.fan_out(grant.pk, CAUSE, authorisation_number=1)
    assert ended == holding
    return len(statements)


@pytest.mark.parametrize("held_by", [1, 3])
def test_it_takes_as_many_statements_for_one_as_for_three(held_by: int) -> None:
    assert end(Holders(held_by).grant(held_by)) == FEW


def test_a_thousand_take_one_more_round_of_batches() -> None:
    holders = Holders(1001)
    beside = holders.grant(1001)
    grant = holders.grant(1000)

    assert end(grant) == FEW + IN_BATCHES

    assert Connection.objects.active().on(beside).count() == 1001
    assert Revocation.objects.count() == RevocationDetail.objects.count() == 1000
    assert Delivery.objects.count() == 1000


def test_rows_say_what_the_events_say() -> None:
    """The change is the same for all, but each counts on from its own sequence."""
    holders = Holders(3)
    grant = holders.grant(3)
    for number, row in enumerate(Connection.objects.on(grant).order_by("pk"), start=4):
        Connection.objects.filter(pk=row.pk).update(sequence=number, attention="needs_reauth")

    end(grant)

    rows = list(Connection.objects.on(grant).order_by("pk"))
    assert [row.sequence for row in rows] == [5, 6, 7]
    for row in rows:
        event = Event.objects.get(subject_id=row.pk)
        assert (event.sequence, event.environment_id) == (row.sequence, row.environment_id)
        user = json.loads(event.body)["user"]
        assert (user["user_id"], user["reference_id"]) == (str(row.pk), row.reference_id)
        assert (row.state, row.end_kind, row.attention) == (ConnectionState.ENDED, End.REVOKED, "")
        log = Revocation.objects.get(user_id=row.pk)
        assert row.ended_at == row.last_webhook_update == log.recorded_at
        assert log.detail.reference_id == row.reference_id
        assert (log.environment_id, log.detail.environment_id) == (row.environment_id,) * 2
        assert Delivery.objects.get(event=event).destination.environment_id == row.environment_id
