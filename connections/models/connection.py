"""One environment's hold on a grant: outside it is a user."""

import uuid
from typing import Self

from django.db import models

from connections.models.grant import Grant
from connections.states import Attention, ConnectionState, End
from developers.models import Environment, EnvironmentQuerySet
from terra_portal import clock


class ConnectionQuerySet(EnvironmentQuerySet["Connection"]):
    def active(self) -> Self:
        return self.filter(state=ConnectionState.ACTIVE)

    def on(self, grant: Grant) -> Self:
        return self.filter(grant=grant)

    def in_need(self) -> Self:
        return self.active().exclude(attention=Attention.NONE)

    def paused(self) -> Self:
        return self.active().filter(paused_at__isnull=False)


class Connection(models.Model):
    """The primary key is the `user_id` that the company knows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="connections"
    )
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="connections")
    provider = models.CharField(max_length=30)
    provider_user_id = models.CharField(max_length=255)
    reference_id = models.CharField(max_length=512, blank=True)
    # What was consented in this connection's own flow, and how much of it the grant has now.
    consented_scopes = models.JSONField(default=list)
    scopes = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=ConnectionState, default=ConnectionState.ACTIVE)
    attention = models.CharField(max_length=20, choices=Attention, blank=True)
    # `connection_error` is told at most once a day.
    error_told_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    sequence = models.PositiveIntegerField(default=0)
    last_webhook_update = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True)
    end_kind = models.CharField(max_length=20, choices=End, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "provider", "provider_user_id", "reference_id"],
                condition=models.Q(state="active"),
                name="one_live_connection",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ConnectionState.values), name="connection_state"
            ),
            models.CheckConstraint(
                condition=(
                    models.Q(state="active", ended_at__isnull=True, end_kind="")
                    | models.Q(state="ended", ended_at__isnull=False, end_kind__in=End.values)
                ),
                name="connection_ended_has_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["environment", "-created_at", "-id"], name="connection_listed"),
            models.Index(
                fields=["environment", "state", "-created_at", "-id"], name="connection_by_state"
            ),
            models.Index(
                fields=["environment", "reference_id", "-created_at"], name="connection_by_ref"
            ),
            models.Index(
                fields=["grant"], condition=models.Q(state="active"), name="connection_live_on"
            ),
            # The pages of everyone who is connected: beside it nothing else is worth a plan, which
            # would read over the ended ones.
            models.Index(
                fields=["environment", "created_at", "id"],
                condition=models.Q(state="active"),
                name="connection_walked",
            ),
            models.Index(
                fields=["environment"],
                condition=models.Q(state="active") & ~models.Q(attention=""),
                name="connection_in_need",
            ),
            models.Index(
                fields=["environment"],
                condition=models.Q(state="active", paused_at__isnull=False),
                name="connection_paused",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} user {self.id}"

    @property
    def is_active(self) -> bool:
        return self.state == ConnectionState.ACTIVE

    @property
    def is_paused(self) -> bool:
        """Its company wants no news of it, except that it has ended."""
        return self.paused_at is not None
