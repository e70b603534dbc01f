"""The outbox: what happened, whom it is for, and every try to tell."""

import uuid

from django.db import models

from developers.models.company import Environment, EnvironmentQuerySet
from developers.states import (
    DeliveryState,
    DestinationState,
    EventType,
    StoppedBecause,
)
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
    # JSON object of further headers; they may carry a secret of the receiver's.
    headers = EncryptedTextField(blank=True, default="", editable=False)
    # The total time of one attempt.
    deadline_seconds = models.PositiveSmallIntegerField(default=8)
    # After a rotation the old secret signs as well, until then.
    previous_secret = EncryptedTextField(blank=True, default="", editable=False)
    previous_secret_until = models.DateTimeField(null=True, editable=False)
    state = models.CharField(
        max_length=12, choices=DestinationState, default=DestinationState.ENABLED
    )
    # Why it does not receive, and since when; empty while it does.
    stopped_because = models.CharField(max_length=12, choices=StoppedBecause, blank=True)
    stopped_at = models.DateTimeField(null=True, editable=False)
    # Nothing but failures since; null after a success. The company's admins were told at …
    failing_since = models.DateTimeField(null=True, editable=False)
    warned_at = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    # A mail about it is due (a warning, or that it was disabled); moved ahead by whoever sends it.
    alarm_due_at = models.DateTimeField(null=True, editable=False)
    # Some of what waits for it stands as before its last switch; moved ahead by whoever mends it.
    settle_due_at = models.DateTimeField(null=True, editable=False)
    # It hung lately: its deliveries go by the slow lane until then.
    slow_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = EnvironmentQuerySet["Destination"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["environment", "-created_at"], name="destination_listed"),
            models.Index(
                fields=["alarm_due_at"],
                condition=models.Q(alarm_due_at__isnull=False),
                name="destination_to_alarm",
            ),
            models.Index(
                fields=["settle_due_at"],
                condition=models.Q(settle_due_at__isnull=False),
                name="destination_to_settle",
            ),
            models.Index(
                fields=["failing_since"],
                condition=models.Q(failing_since__isnull=False, state="enabled"),
                name="destination_failing",
            ),
            models.Index(
                fields=["-stopped_at"],
                condition=models.Q(state="disabled", removed_at=None),
                name="destination_disabled",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=DestinationState.values), name="destination_state"
            ),
            models.CheckConstraint(
                condition=models.Q(stopped_because__in=["", *StoppedBecause.values]),
                name="destination_stopped_because",
            ),
            models.CheckConstraint(
                condition=models.Q(deadline_seconds__gte=1, deadline_seconds__lte=30),
                name="destination_deadline",
            ),
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
    # The company's own name of the person, for looking events up; erased with the body.
    reference_id = models.CharField(max_length=512, blank=True, editable=False)
    # Erased when its environment keeps payloads no longer; attempts stay.
    body = models.TextField(editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)
    # Sent on somebody's wish to see it arrive: it reports nothing, and only one destination has it.
    is_example = models.BooleanField(default=False, editable=False)
    # No destination was there for its type when it happened. It stays so: an event gets all its
    # deliveries in the transaction that writes it, and sending again takes one that is there.
    is_unwanted = models.BooleanField(default=False, db_default=False, editable=False)
    occurred_at = models.DateTimeField(default=clock.now, editable=False)

    objects = EnvironmentQuerySet["Event"].as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["environment", "-occurred_at", "-id"], name="event_listed"),
            models.Index(fields=["subject_id", "sequence"], name="event_of_subject"),
            models.Index(
                fields=["environment", "type", "-occurred_at", "-id"], name="event_by_type"
            ),
            models.Index(
                fields=["environment", "reference_id", "-occurred_at", "-id"],
                condition=~models.Q(reference_id=""),
                name="event_by_reference",
            ),
            models.Index(
                fields=["environment", "subject_id", "-occurred_at", "-id"],
                condition=models.Q(subject_id__isnull=False),
                name="event_by_user",
            ),
            models.Index(
                fields=["environment", "occurred_at"],
                condition=models.Q(erased_at__isnull=True),
                name="event_to_erase",
            ),
            models.Index(
                fields=["environment", "-occurred_at", "-id"],
                condition=models.Q(is_unwanted=True),
                name="event_unwanted",
            ),
            models.Index(
                fields=["environment", "occurred_at"],
                condition=models.Q(is_example=True),
                name="event_example",
            ),
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
    # Rows are written three times at least, and every index with them. `one_delivery` begins with
    # the event, others with the destination, and none is needed for the environment alone.
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, db_index=False)
    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    destination = models.ForeignKey(
        Destination, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    state = models.CharField(max_length=12, choices=DeliveryState, default=DeliveryState.DUE)
    # While claimed: when the claim is over and the row is anybody's again.
    due_at = models.DateTimeField(default=clock.now)
    claim = models.UUIDField(null=True, editable=False)
    # Attempts since the schedule began, or began anew by somebody's wish; the numbers of attempts
    # go on.
    round_count = models.PositiveSmallIntegerField(default=0)
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
            models.Index(
                fields=["destination", "due_at"],
                condition=models.Q(state__in=["due", "claimed"]),
                name="delivery_due_of",
            ),
            # What is being sent: never more than a few rows of each.
            models.Index(
                fields=["destination", "due_at"],
                condition=models.Q(state="claimed"),
                name="delivery_claimed",
            ),
            models.Index(
                fields=["destination"], condition=models.Q(state="held"), name="delivery_held"
            ),
            models.Index(
                fields=["destination", "state", "-created_at", "-id"], name="delivery_by_state"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event", "destination"], name="one_delivery"),
            models.CheckConstraint(
                condition=models.Q(state__in=DeliveryState.values), name="delivery_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.destination_id}: {self.state}"

    @property
    def is_retrying(self) -> bool:
        """It failed, and waits for a later try. One that somebody sends again is as good as new."""
        return self.state == DeliveryState.DUE and self.round_count > 0


class Attempt(models.Model):
    """One request made for a delivery, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # `attempt_number_once` begins with it.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="attempts", db_index=False
    )
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
