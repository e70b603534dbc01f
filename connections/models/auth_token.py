"""A token with which an app on a phone may speak for its company once."""

import uuid

from django.db import models

from developers.models import Environment, EnvironmentQuerySet
from terra_portal import clock


class AuthToken(models.Model):
    """Good for one use within minutes; stored as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="auth_tokens"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    redeemed_at = models.DateTimeField(null=True)

    objects = EnvironmentQuerySet["AuthToken"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="auth_token_expires")]

    def __str__(self) -> str:
        return f"auth token {self.id}"
