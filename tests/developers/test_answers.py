"""What an attempt came to, in plain words."""

import pytest

from developers.models import Attempt
from developers.webhooks.answers import sentence


@pytest.mark.parametrize("status", [200, 204])
def test_success_needs_no_words(status: int) -> None:
    assert sentence(Attempt(status_code=status)) == ""


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (301, "Redirects are not followed"),
        (401, "asks for credentials"),
        (404, "Nothing is at this path"),
        (410, "disables the destination"),
        (418, "refused it (418)"),
        (429, "asked too often"),
        (500, "broke while it handled"),
        (599, "failed while it handled the event (599)"),
    ],
)
def test_of_a_status(status: int, part: str) -> None:
    assert part in sentence(Attempt(status_code=status))


@pytest.mark.parametrize(
    ("error", "part"),
    [
        ("no answer within 8 seconds", "No answer came in time"),
        ("TLS certificate refused: certificate has expired", "certificate of your server"),
        ("TLS failed", "No encrypted connection"),
        ("the host name has no address", "leads nowhere"),
        ("not a public address", "private address"),
        ("connection refused or unreachable", "Nothing accepts connections"),
        ("the connection broke off", "broke off before an answer"),
        ("the portal failed to send it: KeyError", "The portal failed, not your server"),
        ("something new", "could not be made"),
    ],
)
def test_of_an_error(error: str, part: str) -> None:
    assert part in sentence(Attempt(error=error))
