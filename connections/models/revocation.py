"""The append-only log of ends, its erasable details, and what the provider said of a revoke."""

import uuid

from django.db import models
from django.db.models.functions import Now

from connections.models.grant import Grant
from connections.states import Door, End, RevokeOutcome
from developers.models import Environment, EnvironmentQuerySet
from terra_portal import clock


class Revocation(models.Model):
    """One connection ended. The database refuses to change or delete a row.

    Holds no personal field, and no key that could take the row along when another goes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="revocations"
    )
    user_id = models.UUIDField(unique=True, editable=False)
    provider = models.CharField(max_length=30)
    kind = models.CharField(max_length=20, choices=End)
    door = models.CharField(max_length=12, choices=Door)
    connected_at = models.DateTimeField()
    # By the provider's clock, where it told; `recorded_at` is when we learnt of it.
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=clock.now, editable=False)

    objects = EnvironmentQuerySet["Revocation"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["environment", "-recorded_at", "-id"], name="revocation_listed"),
            models.Index(
                fields=["environment", "kind", "-recorded_at", "-id"], name="revocation_by_kind"
            ),
            models.Index(
                fields=["environment", "door", "-recorded_at", "-id"], name="revocation_by_door"
            ),
            models.Index(
                fields=["environment", "provider", "-recorded_at", "-id"],
                name="revocation_by_provider",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=End.values), name="revocation_kind"),
            models.CheckConstraint(
                condition=models.Q(door__in=Door.values), name="revocation_door"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"


class RevocationDetail(models.Model):
    """What may name a person, beside the log, so that it can be erased."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    revocation = models.OneToOneField(Revocation, on_delete=models.PROTECT, related_name="detail")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT)
    # The log row's own, here as well: what stands under one reference is listed by one index.
    recorded_at = models.DateTimeField(default=clock.now, db_default=Now(), editable=False)
    reference_id = models.CharField(max_length=512, blank=True)
    # Who did it, in words that this company may read.
    actor = models.CharField(max_length=254, blank=True)
    # How we know, in a sentence.
    evidence = models.CharField(max_length=500, blank=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["environment", "reference_id", "-recorded_at", "-revocation"],
                name="revocation_by_reference",
            )
        ]

    def __str__(self) -> str:
        return f"detail of {self.revocation_id}"


class UpstreamRevoke(models.Model):
    """The provider was asked to revoke a grant. For staff and the client's owner only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="upstream_revokes")
    authorisation_number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(default=clock.now)
    outcome = models.CharField(max_length=10, choices=RevokeOutcome)
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["grant", "-started_at"], name="revoke_of_grant")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.grant_id}"
