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
    A closed client begins nothing and is never deleted: its grants live on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=30)
    client_id = models.CharField(max_length=255)
    client_secret = EncryptedTextField(editable=False)
    # What the provider proves itself with, where that is not the client secret.
    notice_secret = EncryptedTextField(blank=True, default="", editable=False)
    owner = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.PROTECT)
    simulated = models.BooleanField(default=False, editable=False)
    revoke_group = models.CharField(max_length=100, blank=True)
    # The last path segment of the notice address is a secret of its own.
    hook_hash = models.CharField(max_length=64, unique=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    # The provider says `invalid_client` since; whoever can help is told at most once a day. No
    # refresh is tried until the moment beside it.
    rejected_at = models.DateTimeField(null=True, editable=False)
    rejected_until = models.DateTimeField(null=True, editable=False)
    rejection_told_at = models.DateTimeField(null=True, editable=False)
    # More revocations arrived than may pass in a minute: the latest reason for telling the staff.
    crowded_at = models.DateTimeField(null=True, editable=False)
    crowded_told_at = models.DateTimeField(null=True, editable=False)
    # A mail about one of these is to go out; moved ahead while somebody is at it.
    alarm_due_at = models.DateTimeField(null=True, editable=False)
    # The provider asked for patience until then (RFC 9110 §10.2.3).
    busy_until = models.DateTimeField(null=True, editable=False)
    # The first moment that nobody has taken yet for a call: what all workers share the pace by.
    probe_slot_at = models.DateTimeField(null=True, editable=False)
    # One subscription to notices for the whole application, where the provider has such.
    subscription_id = models.CharField(max_length=255, blank=True, editable=False)
    subscribe_due_at = models.DateTimeField(null=True, editable=False)
    subscribe_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    subscribe_error = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        verbose_name = "OAuth client"
        indexes = [
            models.Index(
                fields=["subscribe_due_at"],
                condition=models.Q(subscribe_due_at__isnull=False),
                name="client_to_subscribe",
            ),
            models.Index(
                fields=["alarm_due_at"],
                condition=models.Q(alarm_due_at__isnull=False),
                name="client_to_tell_of",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider", "client_id"], name="one_oauth_client")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.client_id}"


class Source(models.Model):
    """An environment offers a provider: through its own client, or the platform's shared one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="sources")
    provider = models.CharField(max_length=30)
    # None: whichever client the platform shares at the time.
    oauth_client = models.ForeignKey(
        OAuthClient, null=True, blank=True, on_delete=models.PROTECT, related_name="sources"
    )
    enabled = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    # What to ask the person for, empty for all that the provider module names; and what the person
    # must share for the connection to be of use.
    scopes = models.JSONField(default=list, blank=True)
    required_scopes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = EnvironmentQuerySet["Source"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "provider"], name="one_source")
        ]

    def __str__(self) -> str:
        return f"{self.provider} for {self.environment_id}"
