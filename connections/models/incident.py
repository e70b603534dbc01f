"""Too many ends at once under one client: held until somebody of the staff has looked."""

import uuid
from typing import Self

from django.db import models

from connections.models.grant import Grant
from connections.models.oauth_client import OAuthClient
from connections.states import Door, End, HeldOutcome, IncidentState
from developers.models import User
from terra_portal import clock


class Incident(models.Model):
    """The brake has gripped: while it is open, its client's inferred ends are held."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    oauth_client = models.ForeignKey(
        OAuthClient, on_delete=models.PROTECT, related_name="incidents"
    )
    state = models.CharField(max_length=10, choices=IncidentState, default=IncidentState.OPEN)
    opened_at = models.DateTimeField(default=clock.now, editable=False)
    # The staff's mail is out; until then it is due, moved ahead while somebody is at it.
    told_at = models.DateTimeField(null=True)
    alarm_due_at = models.DateTimeField(default=clock.now, null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)
    # The decision is carried out for every end that was held.
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["oauth_client"],
                condition=models.Q(state="open"),
                name="one_open_incident",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", decided_at__isnull=True)
                | models.Q(state__in=["released", "discarded"], decided_at__isnull=False),
                name="incident_decided",
            ),
        ]
        indexes = [models.Index(fields=["-opened_at", "-id"], name="incident_listed")]

    def __str__(self) -> str:
        return f"incident of {self.opened_at:%d %B %Y, %H:%M}"


class HeldEndQuerySet(models.QuerySet["HeldEnd"]):
    def waiting(self) -> Self:
        return self.filter(outcome=HeldOutcome.HELD)

    def settle(self, outcome: HeldOutcome) -> int:
        """Those that still wait are settled, once; how many. Runs under the grants' locks."""
        return self.waiting().update(outcome=outcome, settled_at=clock.now())


class HeldEnd(models.Model):
    """An end that would have happened, and whether it still means the same token set."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="held_ends")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="held_ends")
    authorisation_number = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=End)
    door = models.CharField(max_length=12, choices=Door)
    evidence = models.CharField(max_length=500)
    held_at = models.DateTimeField(default=clock.now, editable=False)
    outcome = models.CharField(max_length=10, choices=HeldOutcome, blank=True)
    settled_at = models.DateTimeField(null=True)

    objects = HeldEndQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "grant"], name="one_held_end"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=HeldOutcome.values), name="held_end_outcome"
            ),
        ]
        indexes = [
            models.Index(
                fields=["grant"], condition=models.Q(outcome=""), name="end_held_of_grant"
            ),
            models.Index(
                fields=["incident", "held_at"],
                condition=models.Q(outcome=""),
                name="end_held_in_incident",
            ),
        ]

    def __str__(self) -> str:
        return f"held end of {self.grant_id}"
