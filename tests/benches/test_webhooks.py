"""What the bench says of its figures: also when they are not what we wish for."""

import pytest

from benches.webhooks import Found, Told, table, verdicts


def found(rates: list[float], delays: list[float]) -> Found:
    """Rounds with these ratios beside a bare loop of one second."""
    return Found(
        number=1000,
        bare=[1.0] * len(rates),
        usual=[2.0] * len(rates),
        seconds=[1 / rate for rate in rates],
        quiet=[Told(3.0, 1.0)] * len(delays),
        hanging=[Told(4.0, delay) for delay in delays],
    )


@pytest.mark.parametrize(
    ("rates", "delays", "said"),
    [
        ([0.1, 0.5, 0.9], [1.0, 1.1, 7.0], ["met**, with 0.50×.", "met**, with 1.10×."]),
        ([0.1, 0.49, 0.9], [1.0, 1.12, 1.3], ["missed**, with 0.49×.", "missed**, with 1.12×."]),
    ],
)
def test_a_missed_aim_is_said_as_plainly_as_one_that_is_met(
    rates: list[float], delays: list[float], said: list[str]
) -> None:
    half, fair = verdicts(found(rates, delays)).splitlines()
    assert half == f"- **At least 0.5× of the bare loop: {said[0]}"
    assert fair == f"- **While some hang, the others at most 1.1× later: {said[1]}"


def test_a_row_shows_median_lowest_and_highest() -> None:
    rows = table(found([0.5, 0.25, 1.0], [1.0, 2.0, 1.5])).splitlines()
    assert rows[2:7] == [
        "| deliveries a second, one worker process | 500 (250–1,000) | |",
        "| bare loop, requests a second | 1,000 (1,000–1,000) | |",
        "| worker beside bare loop | 0.50× (0.25–1.00) | |",
        "| loop by `httpx`, requests a second | 500 (500–500) | |",
        "| worker beside that loop | 1.00× (0.50–2.00) | |",
    ]
    assert rows[7] == (
        "| change to arrival at the last that answers, ms "
        "| 3,000 (3,000–3,000) | 4,000 (4,000–4,000) |"
    )
    assert rows[9] == "| that median beside the one while none hangs | | 1.50× (1.00–2.00) |"
