"""One application at one provider, and which environments use it."""

import uuid

from django.db import models

from developers.models import Environment, EnvironmentQuerySet
from terra_portal import clock
from terra_portal.fields import EncryptedTextField


class OAuthClient(models.Model):
    """A client id and secret (RFC 6749 §2.3).

    `owner` is the environment that brought it; none for the platform's shared ones. `simulated`
    clients speak to stand-ins and attach to testing environments only; it never changes.
    Clients with one non-empty `revoke_group` are revoked together by their provider.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=30)
    client_id = models.CharField(max_length=255)
    client_secret = EncryptedTextField(editable=False)
    owner = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.PROTECT)
    simulated = models.BooleanField(default=False, editable=False)
    revoke_group = models.CharField(max_length=100, blank=True)
    # The last path segment of the notice address is a secret of its own.
    hook_hash = models.CharField(max_length=64, unique=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = "OAuth client"
        constraints = [
            models.UniqueConstraint(fields=["provider", "client_id"], name="one_oauth_client")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.client_id}"


class Source(models.Model):
    """An environment offers a provider, through one client."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="sources")
    provider = models.CharField(max_length=30)
    oauth_client = models.ForeignKey(OAuthClient, on_delete=models.PROTECT, related_name="sources")
    enabled = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = EnvironmentQuerySet["Source"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "provider"], name="one_source")
        ]

    def __str__(self) -> str:
        return f"{self.provider} for {self.environment_id}"
