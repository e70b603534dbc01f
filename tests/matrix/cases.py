"""The rows of the matrix, and how a test says what it saw in one of its cells."""

from enum import StrEnum

import pytest

PROPERTY = "cell"


class Case(StrEnum):
    """What can happen between a person, two companies and a provider; in the page's order."""

    CONNECT = "connect"
    DENY = "deny"
    PARTIAL = "partial consent"
    REFRESH = "refresh"
    CONCURRENT_REFRESH = "concurrent refresh"
    REVOKED_WITH_NOTICE = "revoked by the person, notice sent"
    REVOKED_WITHOUT_NOTICE = "revoked by the person, no notice"
    FORGED_NOTICE = "forged notice"
    REPLAYED_NOTICE = "replayed notice"
    LATE_NOTICE = "late notice after a new consent"
    ECHO = "echo of our own revoke"
    INVALID_CLIENT = "`invalid_client`"
    FORBIDDEN = "403"
    GONE = "410"
    TOO_MANY = "429"
    BROKEN = "500"
    TIMEOUT = "timeout"
    HTML = "HTML"
    MALFORMED = "malformed JSON"
    COUNTED_REVOKE_ONE = "counted revoke, one company"
    COUNTED_REVOKE_TWO = "counted revoke, two companies"


def case(row: Case) -> pytest.MarkDecorator:
    """The row that a test fills, in the column of the provider that it is run with."""
    return pytest.mark.case(row)
