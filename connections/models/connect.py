"""A link for one person, and each click on a provider within it."""

import uuid
from datetime import datetime

from django.db import models

from connections.models.grant import Grant
from connections.models.oauth_client import OAuthClient
from connections.states import AttemptState, CancelReason
from developers.models import Environment, EnvironmentQuerySet, User
from terra_portal import clock
from terra_portal.fields import EncryptedTextField


class ConnectSession(models.Model):
    """Terra's widget session. The link's token is stored as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="connect_sessions"
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    reference_id = models.CharField(max_length=512, blank=True)
    providers = models.JSONField(default=list)
    language = models.CharField(max_length=12, blank=True)
    show_disconnect = models.BooleanField(default=False)
    success_url = models.CharField(max_length=2000, blank=True)
    failure_url = models.CharField(max_length=2000, blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    # A visit after the end is told to the company once, however often the link is opened; of a
    # withdrawal it hears at once instead.
    late_visit_at = models.DateTimeField(null=True)

    objects = EnvironmentQuerySet["ConnectSession"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["environment", "-created_at", "-id"], name="session_listed")
        ]

    def __str__(self) -> str:
        return f"connect session {self.id}"

    def closed_because(self, at: datetime) -> CancelReason | None:
        """Why nothing can begin on this link any more; None while it is open."""
        if self.connected_at:
            return CancelReason.SESSION_USED
        if self.cancelled_at:
            return CancelReason.SESSION_CANCELLED
        if self.expires_at <= at:
            return CancelReason.SESSION_EXPIRED
        return None


class ConnectAttempt(models.Model):
    """One click on a provider: OAuth state, PKCE, the pinned client, the reserved `user_id`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(ConnectSession, on_delete=models.PROTECT, related_name="attempts")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT)
    provider = models.CharField(max_length=30)
    oauth_client = models.ForeignKey(OAuthClient, on_delete=models.PROTECT)
    user_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state_hash = models.CharField(max_length=64, unique=True, editable=False)
    # Empty where no browser began it: the company asked for the provider's address by API.
    browser_hash = models.CharField(max_length=64, editable=False)
    code_verifier = EncryptedTextField(blank=True, default="", editable=False)
    requested_scopes = models.JSONField(default=list)
    required_scopes = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=AttemptState, default=AttemptState.STARTED)
    # A revoke that overlapped took the new tokens along: the person is asked once more, no event.
    ask_again = models.BooleanField(default=False)
    reason = models.CharField(max_length=32, choices=CancelReason, blank=True)
    claimed_at = models.DateTimeField(null=True)
    # After the exchange: what was consented, and where the tokens went.
    grant = models.ForeignKey(
        Grant, null=True, blank=True, on_delete=models.PROTECT, related_name="attempts"
    )
    scopes = models.JSONField(default=list)
    exchanged_at = models.DateTimeField(null=True)
    # Handed out once by the callback that lacked the cookie; the confirm page posts it back.
    confirm_hash = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = EnvironmentQuerySet["ConnectAttempt"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=AttemptState.values), name="attempt_state"
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(state="failed", reason__in=CancelReason.values)
                    | (~models.Q(state="failed") & models.Q(reason=""))
                ),
                name="attempt_failed_has_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=models.Q(finished_at__isnull=True),
                name="attempt_unfinished",
            ),
            models.Index(
                fields=["grant"],
                condition=models.Q(finished_at__isnull=True),
                name="attempt_pending_on",
            ),
            models.Index(fields=["session", "-created_at"], name="attempt_of_session"),
        ]

    def __str__(self) -> str:
        return f"connect attempt {self.id}"

    @property
    def is_finished(self) -> bool:
        return self.state in {AttemptState.CONNECTED, AttemptState.FAILED}
