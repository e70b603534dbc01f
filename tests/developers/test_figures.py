"""How sending goes over time, for an environment and for a destination."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from developers.models import Destination, Environment
from developers.states import DeliveryState
from developers.webhooks import figures
from developers.webhooks.figures import Slice
from terra_portal import clock
from tests import cast
from tests.developers import backlog


def sent(to: Destination, *outcomes: tuple[int | None, int], age: timedelta = timedelta()) -> None:
    """A delivery with an attempt for each status and duration."""
    made = backlog.delivery(to, DeliveryState.DELIVERED, age=age)
    for status, took in outcomes:
        backlog.attempt(made, status=status, took=took, started_at=clock.now() - age)


def test_counts_and_ranks_the_attempts_of_each_slice(environment: Environment) -> None:
    to = backlog.target(environment)
    for took in range(1, 101):
        sent(to, (200 if took > 10 else 500, took))
    sent(to, (None, 8000), (204, 40), age=timedelta(days=2))
    found = figures.of(to, 30)
    now, before = found.within.starts[-1], found.within.starts[-3]
    assert found.slices == {
        now: Slice(made=100, arrived=90, median=50, slow=95),
        before: Slice(made=2, arrived=1, median=40, slow=8000),
    }
    assert found.whole == Slice(made=102, arrived=91, median=50, slow=96)
    assert found.newest == 0


def test_by_the_hour_for_a_week_and_by_the_day_for_a_month(environment: Environment) -> None:
    to = backlog.target(environment)
    sent(to, (200, 5), age=timedelta(days=8))
    week, month = figures.of(environment, 7), figures.of(environment, 30)
    assert (len(week.within.starts), len(month.within.starts)) == (168, 30)
    assert week.whole is None
    assert month.whole == Slice(1, 1, 5, 5)


def test_a_retry_counts_when_it_was_made(environment: Environment) -> None:
    to = backlog.target(environment)
    made = backlog.delivery(to, DeliveryState.DELIVERED, age=timedelta(days=9))
    backlog.attempt(made, status=500, started_at=clock.now() - timedelta(days=9))
    backlog.attempt(made, status=200, took=7, started_at=clock.now() - timedelta(days=6))
    assert figures.of(environment, 7).whole == Slice(1, 1, 7, 7)


def test_others_count_for_themselves(environment: Environment) -> None:
    one, other = backlog.target(environment), backlog.target(environment)
    foreign = backlog.target(cast.company("B").environments["testing"])
    sent(one, (200, 1))
    sent(other, (500, 2))
    sent(foreign, (500, 3))
    assert figures.of(one).whole == Slice(1, 1, 1, 1)
    assert figures.of(environment).whole == Slice(2, 1, 1, 2)


@pytest.mark.parametrize("busy", [False, True])
def test_looks_at_the_newest_alone_where_there_are_too_many(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, busy: bool
) -> None:
    monkeypatch.setattr(figures, "MOST", 2 if busy else 3)
    to = backlog.target(environment)
    for age in (3, 2, 1):
        sent(to, (500 if age == 3 else 200, 1), age=timedelta(hours=age))
    for about in (to, environment):
        found = figures.of(about)
        assert found.whole == (Slice(2, 2, 1, 1) if busy else Slice(3, 2, 1, 1))
        assert found.newest == (2 if busy else 0)


@pytest.mark.parametrize("count", [1, 30])
def test_costs_three_queries(
    environment: Environment, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    to = backlog.target(environment)
    for age in range(count):
        sent(to, (200, 1), age=timedelta(hours=age))
    for about in (to, environment):
        with django_assert_num_queries(3):
            figures.of(about)


def test_the_rate_is_never_rounded_up_to_all() -> None:
    assert Slice(made=20_000, arrived=19_999, median=1, slow=1).rate == 99.9
    assert Slice(made=3, arrived=3, median=1, slow=1).rate == 100


def test_the_charts_leave_gaps_where_nothing_was_sent(environment: Environment) -> None:
    to = backlog.target(environment)
    sent(to, (200, 12), (500, 40))
    sent(to, (200, 30), age=timedelta(days=3))
    found = figures.of(to, 30)
    rates, times = dict(found.rate_plot.rows), dict(found.time_plot.rows)
    names = found.within.names
    assert (rates[names[-1]], times[names[-1]]) == (["50%"], ["12 ms", "40 ms"])
    assert (rates[names[-2]], times[names[-2]]) == (["–"], ["–", "–"])
    assert len(found.rate_plot.lines) == 2
    assert found.rate_plot.ticks[0].label == "100%"
    assert "66.6% in all" in found.rate_plot.label
