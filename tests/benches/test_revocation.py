"""What the bench says of its figures: also when they are not what we wish for."""

import pytest

from benches.revocation import Runs, aim, linearity, table


def runs(size: int, *heard: float, bare: float = 0.1) -> Runs:
    return Runs(size, list(heard), [bare] * len(heard))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([runs(10, 9.0), runs(1000, 0.2, 0.3, 9.0)], "met**, with 3.00×."),
        ([runs(10, 0.1), runs(1000, 0.2, 0.31, 0.4)], "missed**, with 3.10×."),
        ([runs(10, 0.1)], "not measured.**"),
    ],
)
def test_a_missed_aim_is_said_as_plainly_as_one_that_is_met(found: list[Runs], said: str) -> None:
    assert aim(found) == f"**At most 3× at 1,000 environments: {said}"


@pytest.mark.parametrize(
    ("thousand", "said"),
    [
        (0.46, "yes.** A further environment costs 0.40 ms from 10 to 100, 0.40 ms from 100"),
        (0.60, "no.** A further environment costs 0.40 ms from 10 to 100, 0.56 ms from 100"),
    ],
)
def test_linear_is_what_a_further_environment_costs(thousand: float, said: str) -> None:
    found = [runs(1, 0.06), runs(10, 0.064), runs(100, 0.1), runs(1000, thousand)]
    assert linearity(found) == f"**Linear: {said} to 1,000."


def test_two_sizes_do_not_make_a_line() -> None:
    assert linearity([runs(1, 1), runs(10, 1), runs(100, 1)]).startswith("**Linear: not measured**")


def test_a_row_shows_median_lowest_and_highest() -> None:
    assert table([runs(1000, 0.3, 0.2, 0.4)]).splitlines()[-1] == (
        "| 1,000 | 300.0 (200.0–400.0) | 100.0 (100.0–100.0) | 3.00× (2.00–4.00) | 0.30 |"
    )
