"""Copies of one token at once: exactly one is served."""

import pytest

from connections import auth_tokens
from connections.models import AuthToken
from tests import cast
from tests.threads import run_together

COPIES = 8


@pytest.mark.django_db(transaction=True)
def test_a_token_is_redeemed_once() -> None:
    environment = cast.company("A").environments["testing"]
    _, text = auth_tokens.issue(environment)

    served = run_together(*[lambda: auth_tokens.redeem(text)] * COPIES)

    assert sorted(served, key=str) == sorted([environment] + [None] * (COPIES - 1), key=str)
    assert AuthToken.objects.get().redeemed_at is not None
