"""The OAuth library's tables, each tied to the consent that it comes from.

Tokens are stored as checksums only. A used code and a rotated refresh token stay as rows: their
second use has to be recognised.
"""

from datetime import datetime

from django.db import models
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractDeviceGrant,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
)


class Code(AbstractGrant):
    consent = models.ForeignKey("sandbox.Consent", models.CASCADE, related_name="codes")
    used_at = models.DateTimeField(null=True)


class AccessToken(AbstractAccessToken):
    consent = models.ForeignKey("sandbox.Consent", models.CASCADE, related_name="access_tokens")


class RefreshToken(AbstractRefreshToken):
    """``revoked`` may lie ahead: a rotated token that works for a while longer."""

    consent = models.ForeignKey("sandbox.Consent", models.CASCADE, related_name="refresh_tokens")


def unspent(now: datetime) -> models.Q:
    """Refresh tokens that still work: the current one, and a rotated one within its grace."""
    return models.Q(revoked=None) | models.Q(revoked__gt=now)


class IDToken(AbstractIDToken):
    """Unused; the library's other tables point at it."""


class DeviceGrant(AbstractDeviceGrant):
    """Unused; here so that no table of the library is made beside ours."""
