"""What one provider account has granted to one OAuth client."""

import uuid

from django.db import models

from connections.models.oauth_client import OAuthClient
from connections.states import Door, GrantState
from terra_portal import clock
from terra_portal.fields import EncryptedTextField


class Grant(models.Model):
    """The token set that serves every connection on it, and how it stands with the provider.

    `version` counts changes of the token set; every store is a compare-and-set on it.
    `authorisation_number` counts consents; what belongs to an earlier one is old news.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    oauth_client = models.ForeignKey(OAuthClient, on_delete=models.PROTECT, related_name="grants")
    provider_user_id = models.CharField(max_length=255)
    # The same account by another name of the provider's, where notices use that one.
    alternate_id = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=16, choices=GrantState, default=GrantState.UNHELD)
    version = models.PositiveIntegerField(default=0)
    authorisation_number = models.PositiveIntegerField(default=0)
    authorised_at = models.DateTimeField()
    # The provider's own name of the consent, where it gives one: the best evidence of all.
    consent_id = models.CharField(max_length=255, blank=True)
    scopes = models.JSONField(default=list)

    access_token = EncryptedTextField(blank=True, default="", editable=False)
    refresh_token = EncryptedTextField(blank=True, default="", editable=False)
    access_expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)
    # Other sets that arrived within a minute of this one: kept until a probe shows which lives.
    # JSON list of token sets, the newest last.
    rivals = EncryptedTextField(blank=True, default="", editable=False)
    rival_since = models.DateTimeField(null=True)

    # Exclusive work across the network (refresh) belongs to the holder until this time.
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True)
    refresh_sent_at = models.DateTimeField(null=True)
    refresh_sent_fingerprint = models.CharField(max_length=64, blank=True)

    doubtful_since = models.DateTimeField(null=True)
    # The provider answers 410 Gone since then; one such answer may be an accident.
    gone_since = models.DateTimeField(null=True)
    # Looks in a row that told nothing: each puts the next one off for longer.
    unsure_looks = models.PositiveSmallIntegerField(default=0)
    # After a revoke with unknown outcome: how many more looks to take at a living grant.
    probes_left = models.PositiveSmallIntegerField(default=0)
    next_probe_at = models.DateTimeField(null=True)
    # Somebody has a reason to ask: looked at before those whose day has merely come.
    doubted = models.BooleanField(default=False)

    # Notices are subscribed to for this consent, where the provider wants that per person.
    subscribed_number = models.PositiveIntegerField(default=0)
    subscribe_due_at = models.DateTimeField(null=True)
    subscribe_tries = models.PositiveSmallIntegerField(default=0)
    subscribe_error = models.CharField(max_length=200, blank=True)

    revoking_until = models.DateTimeField(null=True)
    revoke_due_at = models.DateTimeField(null=True)
    revoke_deadline = models.DateTimeField(null=True)
    revoke_attempts = models.PositiveSmallIntegerField(default=0)
    last_revoke_ended_at = models.DateTimeField(null=True)
    # When a provider's doing ended it, and how we knew: what the incident brake counts.
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=12, choices=Door, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["oauth_client", "provider_user_id"], name="one_grant"),
            models.CheckConstraint(
                condition=models.Q(state__in=GrantState.values), name="grant_state"
            ),
        ]
        indexes = [
            # Led by the client, as each has a pace of its own: one that may not be asked just now
            # must not make a sweep read over its rows.
            models.Index(
                models.F("oauth_client"),
                models.F("doubted").desc(),
                "next_probe_at",
                condition=models.Q(next_probe_at__isnull=False),
                name="grant_to_probe",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(next_probe_at__isnull=True, state__in=["active", "doubtful"]),
                name="grant_without_a_time",
            ),
            models.Index(
                fields=["revoke_due_at"],
                condition=models.Q(revoke_due_at__isnull=False),
                name="grant_to_revoke",
            ),
            models.Index(
                fields=["oauth_client", "subscribe_due_at"],
                condition=models.Q(subscribe_due_at__isnull=False),
                name="grant_to_subscribe",
            ),
            models.Index(
                fields=["oauth_client", "ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="grant_ended_of",
            ),
            models.Index(
                fields=["oauth_client"],
                condition=models.Q(state__in=["active", "doubtful"]),
                name="grant_living_of",
            ),
            models.Index(
                fields=["oauth_client", "alternate_id"],
                condition=~models.Q(alternate_id=""),
                name="grant_by_alternate",
            ),
        ]

    def __str__(self) -> str:
        return f"grant {self.id}"

    @property
    def has_rivals(self) -> bool:
        return self.rival_since is not None
