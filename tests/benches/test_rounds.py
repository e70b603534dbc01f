"""How runs take turns."""

from benches.rounds import alternating


def test_works_alternate_run_by_run_and_the_first_round_is_not_counted() -> None:
    done: list[str] = []
    shown: list[str] = []
    works = (lambda: done.append("a"), lambda: done.append("b"))
    runs = alternating(2, *works, times=3, shown=shown.append)
    assert "".join(done) == "ab" * 3 * 3
    assert [len(mine) for mine in runs] == [2, 2]
    assert shown == ["warming up", "round 1 of 2", "round 2 of 2"]
