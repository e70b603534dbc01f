"""What failed and is wanted again."""

import uuid

from django.db import models

from developers.models.company import Environment, EnvironmentQuerySet
from developers.models.user import User
from developers.models.webhook import Destination
from developers.states import RecoveryState
from terra_portal import clock


class Recovery(models.Model):
    """Somebody wants everything again that failed since a time: done in batches, with progress."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT)
    # None: of every destination of the environment.
    destination = models.ForeignKey(
        Destination, null=True, on_delete=models.PROTECT, related_name="recoveries"
    )
    since = models.DateTimeField()
    # What had failed when it was asked for, and how much of it waits or has gone again.
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=RecoveryState, default=RecoveryState.RUNNING)
    due_at = models.DateTimeField(default=clock.now)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    objects = EnvironmentQuerySet["Recovery"].as_manager()

    class Meta:
        verbose_name_plural = "recoveries"
        indexes = [
            models.Index(fields=["environment", "-created_at", "-id"], name="recovery_listed"),
            models.Index(
                fields=["due_at"], condition=models.Q(state="running"), name="recovery_running"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=RecoveryState.values), name="recovery_state"
            )
        ]

    def __str__(self) -> str:
        return f"recovery since {self.since}"
