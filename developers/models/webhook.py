"""The outbox: what happened, whom it is for, and every try to tell."""

import uuid

from django.db import models

from developers.models.company import Environment, EnvironmentQuerySet
from developers.states import DeliveryState, DestinationState, EventType
from terra_portal import clock
from terra_portal.fields import EncryptedTextField


class Destination(models.Model):
    """A webhook endpoint of an environment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(
        Environment, on_delete=models.PROTECT, related_name="destinations"
    )
    url = models.URLField(max_length=2000)
    signing_secret = EncryptedTextField(editable=False)
    # Empty means every type.
    event_types = models.JSONField(default=list, blank=True)
    state = models.CharField(
        max_length=12, choices=DestinationState, default=DestinationState.ENABLED
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = EnvironmentQuerySet["Destination"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["environment", "-created_at"], name="destination_listed")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=DestinationState.values), name="destination_state"
            )
        ]

    def __str__(self) -> str:
        return self.url


class Event(models.Model):
    """Something that a company is told. `body` is sent byte for byte at every attempt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="events")
    type = models.CharField(max_length=32, choices=EventType)
    # The connection (the company's user) by id; not a foreign key, packages point one way.
    subject_id = models.UUIDField(null=True, editable=False)
    sequence = models.PositiveIntegerField(null=True, editable=False)
    terra_reference = models.UUIDField(default=uuid.uuid4, editable=False)
    body = models.TextField(editable=False)
    occurred_at = models.DateTimeField(default=clock.now, editable=False)

    objects = EnvironmentQuerySet["Event"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["environment", "-occurred_at", "-id"], name="event_listed"),
            models.Index(fields=["subject_id", "sequence"], name="event_of_subject"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "sequence"],
                condition=models.Q(sequence__isnull=False),
                name="event_sequence_once",
            ),
            models.CheckConstraint(
                condition=models.Q(type__in=EventType.values), name="event_type"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"


class Delivery(models.Model):
    """One event for one destination. Rows in `due` are the queue, `due_at` their turn."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries")
    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="deliveries"
    )
    state = models.CharField(max_length=12, choices=DeliveryState, default=DeliveryState.DUE)
    # While claimed: when the claim is over and the row is anybody's again.
    due_at = models.DateTimeField(default=clock.now)
    claim = models.UUIDField(null=True, editable=False)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = EnvironmentQuerySet["Delivery"].as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["due", "claimed"]),
                name="delivery_due",
            ),
            models.Index(fields=["destination", "-created_at", "-id"], name="delivery_listed"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "destination"], name="one_delivery"),
            models.CheckConstraint(
                condition=models.Q(state__in=DeliveryState.values), name="delivery_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.destination_id}: {self.state}"


class Attempt(models.Model):
    """One request made for a delivery, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=clock.now)
    duration_ms = models.PositiveIntegerField()
    status_code = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)
    response_excerpt = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="attempt_number_once")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.delivery_id}"
