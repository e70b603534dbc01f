"""What the bench says of its figures: also when they are not what we wish for."""

from typing import Any

import pytest

from benches.api_figures import (
    MB,
    Ends,
    Found,
    Pages,
    Requests,
    Streams,
    ends,
    pages,
    people,
    requests,
    streams,
    verdicts,
)
from benches.population import Home, Population


def found(info: float = 0.004, page: float = 0.01, growth: float = 1.0) -> Found:
    """Three rounds: `info` beside 2 ms, `page` beside 10 ms, `growth` MB for more users."""
    environment: Any = None
    sizes = (1_000_000, 100_000, 10_000, 1_000)
    large, long, short, small = (Home(environment, "", size) for size in sizes)
    return Found(
        Population(large, long, short, small, others=9_996),
        Requests([info] * 3, [0.002, 0.001, 0.003], [0.001] * 3, [0.0005] * 3),
        [Pages(50, [0.01] * 3, [0.01] * 3), Pages(500, [0.01] * 3, [page] * 3)],
        Ends(500, 2000, [0.01] * 3, [0.02] * 3),
        Streams([0.5] * 3, [6.0] * 3, [MB] * 3, [int((1 + growth) * MB)] * 3, 25 * MB),
    )


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (found(0.004, 0.012, 2.0), ["met**, with 0.50×.", "met**, with 1.20×.", "met**; ten"]),
        (found(0.005, 0.013, 2.1), ["missed**, with 0.40×.", "missed**, with 1.30×.", "missed**;"]),
    ],
    ids=["met", "missed"],
)
def test_a_missed_aim_is_said_as_plainly_as_one_that_is_met(
    measured: Found, said: list[str]
) -> None:
    rate, page, memory = verdicts(measured).splitlines()
    assert rate == f"- **`userInfo` at least 0.5× of the view: {said[0]}"
    assert page == f"- **The same page at most 1.2× for more users: {said[1]}"
    assert memory.startswith(f"- **Streamed in constant memory: {said[2]}")


def test_memory_is_what_ten_times_the_users_take_more() -> None:
    last = verdicts(found(growth=0.3)).splitlines()[-1]
    assert last.endswith("ten times the users take +0.3 MB, for an answer of 25.0 MB.")


def test_everybody_is_counted() -> None:
    assert people(found().people) == "1,210,960 users in 10,000 environments."


def test_a_row_shows_median_lowest_and_highest() -> None:
    assert requests(found().requests).splitlines()[2:4] == [
        "| `userInfo` by `user_id` | 4.0 (4.0–4.0) | 0.50× (0.25–0.75) |",
        "| the view with BEGIN and one read by key | 2.0 (1.0–3.0) |  |",
    ]
    assert pages(found(page=0.011)).splitlines()[2:] == [
        "| of 50 | 10.0 (10.0–10.0) | 10.0 (10.0–10.0) | 1.00× (1.00–1.00) |",
        "| of 500 | 10.0 (10.0–10.0) | 11.0 (11.0–11.0) | 1.10× (1.10–1.10) |",
    ]
    assert ends(found().ends).splitlines()[2:] == [
        "| one page | 10.0 (10.0–10.0) | 20.0 (20.0–20.0) | 2.00× (2.00–2.00) |"
    ]
    assert streams(found()).splitlines()[2:] == [
        "| 10,000 | 0.50 (0.50–0.50) | 50.0 | 1.0 (1.0–1.0) |",
        "| 100,000 | 6.00 (6.00–6.00) | 60.0 | 2.0 (2.0–2.0) |",
    ]
