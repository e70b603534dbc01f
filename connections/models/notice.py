"""An inbound message of a provider, stored before it is acted on."""

import uuid

from django.db import models

from connections.models.oauth_client import OAuthClient
from connections.states import NoticeState
from terra_portal import clock
from terra_portal.fields import EncryptedTextField


class Notice(models.Model):
    """Verified against the secret of the client whose hook it came to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    oauth_client = models.ForeignKey(OAuthClient, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=32)
    provider_user_id = models.CharField(max_length=255, blank=True)
    alternate_id = models.CharField(max_length=255, blank=True)
    consent_id = models.CharField(max_length=255, blank=True)
    # Which consent it is about, where the subscription that it came by carries our own number.
    authorisation_number = models.PositiveIntegerField(null=True)
    # By the provider's clock; null where the message carries no time.
    occurred_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(default=clock.now, editable=False)
    body = EncryptedTextField(blank=True, default="", editable=False)
    state = models.CharField(max_length=10, choices=NoticeState, default=NoticeState.RECEIVED)
    # What came of it; while it is received, why it has to wait its turn.
    outcome = models.CharField(max_length=200, blank=True)
    due_at = models.DateTimeField(default=clock.now)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(state="received"), name="notice_waiting"
            ),
            models.Index(fields=["oauth_client", "-received_at"], name="notice_of_client"),
            models.Index(
                fields=["oauth_client"],
                condition=models.Q(state="received") & ~models.Q(outcome=""),
                name="notice_in_queue",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=NoticeState.values), name="notice_state"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} notice {self.id}"
