"""The rule that no call leaves the house inside a database transaction."""

from django.db import connections


class NetworkInTransactionError(RuntimeError):
    """A network call was about to be made while rows were locked."""


def refuse_in_transaction() -> None:
    """Raises NetworkInTransactionError inside a transaction of ours.

    A slow peer would hold row locks for as long as it likes. The transaction that a test case
    wraps around itself is not ours.
    """
    for connection in connections.all(initialized_only=True):
        if any(not _of_a_test_case(block) for block in connection.atomic_blocks):
            raise NetworkInTransactionError("a network call inside a database transaction")


def _of_a_test_case(block: object) -> bool:
    return bool(getattr(block, "_from_testcase", False))
