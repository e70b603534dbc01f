"""`./run bench` as a person meets it. Nothing here looks at how long anything takes."""

import os
import subprocess
import sys

import pytest

from tools import suite
from tools.environment import ROOT


def bench(*arguments: str, url: str = "none://") -> "subprocess.CompletedProcess[str]":
    """With a DATABASE_URL that no bench can be run on, unless another is given."""
    return subprocess.run(
        [sys.executable, "-m", "tools.benches", *arguments],
        cwd=ROOT,
        env=suite.test_environment(url),
        capture_output=True,
        text=True,
        check=False,
    )


def test_alone_it_lists_what_there_is() -> None:
    done = bench()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("./run bench api ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["dance"], "invalid choice: 'dance'"),
        (["revocation", "--rounds", "0"], "argument --rounds: '0' is not a number from 1 on"),
        (["revocation", "--sizes", "1,,2"], "argument --sizes: '' is not a number from 1 on"),
        (["revocation", "--round", "1"], "unrecognized arguments: --round 1"),
        (["webhooks", "--sizes", "1"], "unrecognized arguments: --sizes 1"),
        (["api", "--users", "0"], "argument --users: '0' is not a number from 1 on"),
        (["webhooks", "--destinations", "0"], "'0' is not a number from 1 on"),
    ],
)
def test_unfit_arguments_are_refused_before_a_database_is_made(
    arguments: list[str], complaint: str
) -> None:
    done = bench(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_without_postgresql_it_fails_in_a_sentence() -> None:
    done = bench("revocation")
    assert (done.returncode, done.stdout) == (1, "")
    assert "DATABASE_URL names something else" in done.stderr


def test_the_revocation_bench_runs() -> None:
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    done = bench("revocation", "--sizes", "3,1", "--rounds", "1", url=os.environ["DATABASE_URL"])
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["1", "3"]
    assert (ROOT / "docs" / "benchmarks.md").read_text() == page


def test_the_webhooks_bench_runs() -> None:
    done = bench(
        "webhooks", "--destinations", "40", "--rounds", "1", url=os.environ["DATABASE_URL"]
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line[:1] == "|"]
    assert (rows[0], len(rows)) == ("40 destinations", 10)
    assert "1 round on " in done.stdout


def test_the_api_bench_runs() -> None:
    asked = ["api", "--users", "60", "--environments", "5", "--rounds", "1"]
    done = bench(*asked, url=os.environ["DATABASE_URL"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("196 users in 5 environments.")
    tables = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line[:1] == "|"]
    assert tables[0] == "one user"
    assert tables[-2:] == ["6", "60"]
    assert "1 round on " in done.stdout
