"""The OAuth library's tables, each tied to the consent that it comes from.

Tokens are stored as checksums only. A used code and a rotated refresh token stay as rows: their
second use has to be recognised.
"""

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
    consent = models.ForeignKey("sandbox.Consent", models.CASCADE, related_name="refresh_tokens")


class IDToken(AbstractIDToken):
    """Unused; the library's other tables point at it."""


class DeviceGrant(AbstractDeviceGrant):
    """Unused; here so that no table of the library is made beside ours."""
