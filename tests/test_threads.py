import threading
import time

import pytest
from django.db import connection

from tests.threads import StillRunningError, run_together


def fail() -> None:
    raise KeyError("lost")


def test_results_and_errors_come_back_in_order() -> None:
    first, second, third = run_together(lambda: 1, fail, lambda: 3)
    assert (first, type(second), third) == (1, KeyError, 3)


def test_they_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2)
    places = run_together(lambda: meeting.wait(5), lambda: meeting.wait(5))
    assert set(places) == {0, 1}


def test_one_that_hangs_is_named() -> None:
    with pytest.raises(StillRunningError, match="thread 1"):
        run_together(lambda: None, lambda: time.sleep(2), patience=0.2)


@pytest.mark.django_db(transaction=True)
def test_no_thread_leaves_its_connection_open() -> None:
    def backend() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (pid,) = cursor.fetchone()
        return int(pid)

    pids = run_together(backend, backend)
    deadline = time.monotonic() + 5  # the server needs a moment to see that they have gone
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert alive(pids) == 0


def alive(pids: list[int]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [pids])
        (count,) = cursor.fetchone()
    return int(count)
