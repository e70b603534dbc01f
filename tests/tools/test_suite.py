import pytest

from tools.suite import parallel


@pytest.mark.parametrize("arguments", [[], ["-k", "revoke"], ["tests/tools"], ["-x"]])
def test_two_processes_by_default(arguments: list[str]) -> None:
    assert parallel(arguments) == ["-n", "2", "--dist", "worksteal"]


@pytest.mark.parametrize(
    "arguments", [["-n", "4"], ["-n4"], ["--numprocesses=3"], ["--pdb"], ["tests/a.py::test_b"]]
)
def test_the_caller_decides(arguments: list[str]) -> None:
    assert parallel(arguments) == []
