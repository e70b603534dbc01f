"""Tokens for apps on phones: issued to a company's server, redeemed once.

Nothing redeems them yet; they wait for the sources on the phone.
"""

from datetime import timedelta

from django.db import transaction

from connections.models import AuthToken
from developers.models import Environment
from terra_portal import clock, crypto, tenancy

LASTS = timedelta(seconds=180)


def issue(environment: Environment) -> tuple[AuthToken, str]:
    """A token for one use within 180 seconds, and its text, which is not stored."""
    text, now = crypto.random_token(), clock.now()
    with tenancy.environment(environment.id):
        token = AuthToken.objects.create(
            environment=environment,
            token_hash=crypto.sha256(text),
            created_at=now,
            expires_at=now + LASTS,
        )
    return token, text


def redeem(text: str) -> Environment | None:
    """The environment that the token was issued to; None if it is unknown, used or over.

    Of any number of copies at once exactly one is served.
    """
    with tenancy.system("whose token this is"), transaction.atomic():
        now = clock.now()
        rows = AuthToken.objects.filter(token_hash=crypto.sha256(text))
        if not rows.filter(redeemed_at=None, expires_at__gt=now).update(redeemed_at=now):
            return None
        return rows.select_related("environment__company").get().environment


def sweep(limit: int = 5000) -> int:
    """Deletes those whose time is over, used or not."""
    with tenancy.system("sweeping tokens"):
        over = AuthToken.objects.filter(expires_at__lte=clock.now()).order_by("expires_at")
        ids = list(over.values_list("pk", flat=True)[:limit])
        return AuthToken.objects.filter(pk__in=ids).delete()[0]
