"""A worker that is killed in the middle of a recovery: another finishes it, nothing twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from developers.models import Delivery, Destination, Environment, Recovery
from developers.states import DeliveryState, RecoveryState
from developers.webhooks import resend
from terra_portal import clock
from tests.developers import backlog
from tests.faults.processes import kill, recoverer, somebody_waits_for_a_lock
from tests.sandbox.company import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
BATCH = 4
FAILED = 10
# A batch has sent its deliveries again and counts them: from the second one on it waits here.
AT_THE_COUNT = """
CREATE FUNCTION wait_at_the_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.done > 4 THEN PERFORM pg_advisory_xact_lock(4711); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER wait_at_the_count BEFORE UPDATE ON developers_recovery
FOR EACH ROW EXECUTE FUNCTION wait_at_the_count();
"""


@pytest.fixture
def recovery(environment: Environment) -> Recovery:
    """Of ten deliveries to two destinations."""
    for to in (backlog.target(environment), backlog.target(environment)):
        for _ in range(FAILED // 2):
            backlog.delivery(to)
    return resend.recover(environment, since=clock.now() - timedelta(hours=1))


@contextmanager
def waiting_at_the_count() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(AT_THE_COUNT)
        try:
            cursor.execute("SELECT pg_advisory_lock(4711)")
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(4711)")
            cursor.execute("DROP TRIGGER wait_at_the_count ON developers_recovery")
            cursor.execute("DROP FUNCTION wait_at_the_count")


@contextmanager
def waiting_at_the_second_destination() -> Iterator[None]:
    with transaction.atomic():
        Destination.objects.order_by("pk").select_for_update().last()
        yield


def sent_again() -> int:
    return Delivery.objects.filter(state=DeliveryState.DUE, round_count=0).count()


def stands(recovery: Recovery) -> tuple[str, int]:
    """Its state and its count, which is never another than that of the rows."""
    recovery.refresh_from_db()
    assert recovery.total == FAILED
    assert recovery.done == sent_again()
    return recovery.state, recovery.done


@pytest.mark.parametrize(
    ("waiting", "done"),
    [(waiting_at_the_count, 4), (waiting_at_the_second_destination, 5)],
    ids=["before it has counted what it sent", "between two batches"],
)
def test_it_is_carried_on_and_counts_each_delivery_once(
    recovery: Recovery, waiting: object, done: int
) -> None:
    with waiting():  # type: ignore[operator]
        with recoverer(recovery.pk, batch=BATCH) as process:
            wait_until(somebody_waits_for_a_lock, PATIENCE)
            kill(process)
        assert stands(recovery) == (RecoveryState.RUNNING, done)
    resend.sweep()
    assert stands(recovery) == (RecoveryState.RUNNING, done), "its worker may still live"
    with clock.shifted(resend.LEASE + timedelta(seconds=1)):
        resend.sweep()
    assert stands(recovery) == (RecoveryState.DONE, FAILED)
    assert recovery.finished_at is not None


def test_one_that_nobody_kills_ends_by_itself(recovery: Recovery) -> None:
    with recoverer(recovery.pk, batch=BATCH) as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said.strip()) == (0, "end")
    assert stands(recovery) == (RecoveryState.DONE, FAILED)
